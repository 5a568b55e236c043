"""The bandit laboratory's rows as people look at them: a page, two charts, a table in the terminal."""
