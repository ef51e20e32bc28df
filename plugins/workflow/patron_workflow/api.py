"""What other modules use of workflow: working calendars with due times, and the assignment of work."""

from patron_workflow.calendars import Calendar, due_at, elapsed
from patron_workflow.services import Assignment, Loads, assign, calendar_for

__all__ = ["Assignment", "Calendar", "Loads", "assign", "calendar_for", "due_at", "elapsed"]
