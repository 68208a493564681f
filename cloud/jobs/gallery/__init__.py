"""The list of one's projects as a gallery shows it: searched, sorted, each with all that its card says."""
