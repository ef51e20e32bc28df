"""For the tests of Patron and of its modules: ``patron.testing.plugin`` has the fixtures."""
