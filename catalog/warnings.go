package catalog

// warnings tells of what is allowed and probably not meant.
func (b *binder) warnings(_ *Snapshot) {}
