"""Working calendars and the assignment of work. Other modules import ``patron_workflow.api``."""
