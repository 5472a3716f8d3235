"""Class folders -> episodes -> a trained learner; its evaluation and its file."""
