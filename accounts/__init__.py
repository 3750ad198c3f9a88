"""WHO: users, roles and API tokens; the one function that decides who may do what."""
