"""How many jobs, how much money, how many tokens and how much space: of each user, and of all together."""
