"""What reading costs at worst: everything that a tenant or a stranger wrote, and we go through."""
