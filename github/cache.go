package github

import (
	"container/list"
	"net/http"
	"sync"

	"github.com/fourkites/sources/internal/rest"
)

// cache keeps answers by what was asked and who asked, those of late, up to a number of bytes. Nil keeps nothing.
type cache struct {
	limit int64

	mu    sync.Mutex
	order *list.List // of *kept, the newest first
	byKey map[string]*list.Element
	size  int64
}

type kept struct {
	key    string
	etag   string
	answer rest.Response
}

// overhead is about what an entry takes beside its body.
const overhead = 1 << 10

func (k *kept) size() int64 { return int64(len(k.answer.Body)+len(k.key)) + overhead }

func newCache(limit int64) *cache {
	return &cache{limit: limit, order: list.New(), byKey: map[string]*list.Element{}}
}

func (c *cache) get(key string) (*kept, bool) {
	if c == nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*kept), true
}

// put keeps a whole answer that can be asked about again. One answer takes at most a quarter of the room.
func (c *cache) put(key string, answer rest.Response) {
	k := &kept{key: key, etag: answer.Header.Get("ETag"), answer: answer}
	if c == nil || k.etag == "" || answer.Status != http.StatusOK || answer.Cut || k.size() > c.limit/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(key)
	c.byKey[key] = c.order.PushFront(k)
	for c.size += k.size(); c.size > c.limit; {
		c.remove(c.order.Back().Value.(*kept).key)
	}
}

// remove forgets an entry. The caller holds the lock.
func (c *cache) remove(key string) {
	if e, ok := c.byKey[key]; ok {
		c.size -= e.Value.(*kept).size()
		c.order.Remove(e)
		delete(c.byKey, key)
	}
}
