"""What messages leave behind: rows and bytes in PostgreSQL, histories and billable actions in Temporal."""
