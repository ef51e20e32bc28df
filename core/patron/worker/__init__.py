"""The worker: delivers events to their handlers and runs scheduled jobs. Web processes never do."""
