package evidence

import (
	"context"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/fkapi"
)

// NetworkSource answers whether a carrier's loads can be tracked for a shipper. *fkapi.CompanyClient is one, and the
// arbiter; the tables of a warehouse are another.
type NetworkSource interface {
	// Name is who answers, for the provenance.
	Name() string
	// CheckNetwork is the verdict on two permalinks; an unknown shipper is base.ErrNotFound.
	CheckNetwork(ctx context.Context, shipper, carrier string) (fkapi.Network, error)
}

// NetworkVerdict asks the sources in order, the arbiter first, and gives the first verdict with who gave it and how each
// source did. Only a source that cannot answer leaves it to the next: that there is no relationship is an answer.
// No source, and one that is nil, is base.ErrInvalid.
func NetworkVerdict(ctx context.Context, shipper, carrier string, sources ...NetworkSource) (base.Answer[fkapi.Network], error) {
	const op = "NetworkVerdict"
	if err := checkSources(op, "sources", sources); err != nil {
		return base.Answer[fkapi.Network]{}, err
	}
	steps := make([]base.Step[fkapi.Network], 0, len(sources))
	for _, s := range sources {
		steps = append(steps, step(s, func(ctx context.Context) (fkapi.Network, error) { return s.CheckNetwork(ctx, shipper, carrier) }))
	}
	return first(ctx, op, steps)
}
