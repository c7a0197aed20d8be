package graph

// checkAllowed refuses names in Config.Procedures.
func checkAllowed(name string) error { return checkIdentifier(name) }
