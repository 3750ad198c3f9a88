"""WHERE: environments, databases (connection profiles) with their encrypted secret, and their last read state."""
