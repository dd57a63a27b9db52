"""How the parts of an install that work unseen stand: task queues and schedules."""
