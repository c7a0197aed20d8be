package incident

import (
	"regexp"
	"strings"
)

// Kubernetes writes generated parts of names without vowels and without 0, 1 and 3, so that they form no words; the hash
// of a replica set was once a plain number, and so is the instant of a scheduled job.
var (
	generated = regexp.MustCompile(`-(?:[bcdfghjklmnpqrstvwxz2456789]{6,10}|[0-9]{6,12})-[bcdfghjklmnpqrstvwxz2456789]{5}$`)
	suffixed  = regexp.MustCompile(`-[bcdfghjklmnpqrstvwxz2456789]{5}$`)
)

// ServiceOf is the name of the workload that a pod belongs to: without the replica set's hash and the five characters of
// a deployment's pod, or without the five characters of a daemon set's or job's. Any other name is taken for the service
// itself, the number of a stateful set's pod included, for services are numbered too.
func ServiceOf(podName string) string {
	name := strings.TrimSpace(podName)
	for _, ending := range []*regexp.Regexp{generated, suffixed} {
		if at := ending.FindStringIndex(name); at != nil && at[0] > 0 {
			return name[:at[0]]
		}
	}
	return name
}

// pod is what is known of a pod, made once.
type pod struct {
	name    string
	service string
	node    string
	labels  map[string]string // of points
}

// pod makes the strings and maps of a pod once for all its rows.
func (r *reader) pod(name string) pod {
	if p, ok := r.pods[name]; ok {
		return p
	}
	name = strings.Clone(name)
	p := pod{name: name, service: ServiceOf(name)}
	p.labels = map[string]string{ServiceKey: p.service, PodKey: name}
	r.pods[name] = p
	return p
}

// front makes the labels of a service that was measured from outside, which has no pod.
func (r *reader) front(name string) pod {
	key := "\x00" + name
	if p, ok := r.pods[key]; ok {
		return p
	}
	name = strings.Clone(name)
	p := pod{service: name, labels: map[string]string{ServiceKey: name}}
	r.pods[key] = p
	return p
}
