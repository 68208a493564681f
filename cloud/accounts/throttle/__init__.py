"""How often something may be tried: limits in memory against floods, limits in the database for what must hold."""
