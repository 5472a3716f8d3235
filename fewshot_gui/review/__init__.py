"""Helping the user look: what to label next, what is doubtful, what is missing. No Qt."""
