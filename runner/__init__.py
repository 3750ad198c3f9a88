"""HOW: runs Alembic inside the project's own interpreter. Standard library and the project's Alembic only, Python 3.9 and later."""
