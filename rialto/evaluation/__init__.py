"""What `rialto evaluate` stands on: damage, restorers, peers, and the pictures it leaves."""
