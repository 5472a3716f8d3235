"""Support set -> classifier -> predictions. One learner a file."""
