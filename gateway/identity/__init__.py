"""Who the people are: users, their roles in accounts, their sessions, and how they sign in."""
