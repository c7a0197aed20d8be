package redshifttest

// aws is the part of AWS's API that issues credentials.
type aws struct{}

func (*aws) close() {}
