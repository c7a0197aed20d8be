package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/graph"
	"github.com/fourkites/sources/graph/graphtest"
)

// codeFile is the name of a code graph beside the folder of a case.
const codeFile = "code_graph.json"

// serveCode puts a code graph into a server in process.
func serveCode(text []byte) (*graphtest.Server, error) {
	s := graphtest.NewServer()
	err := s.Err()
	if err != nil {
		err = unheard(err)
	} else {
		err = s.Load(text)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// unheard is the error of a server in process that nobody can reach.
func unheard(err error) error {
	return base.NewError(base.KindUnavailable, err).WithText("the server in process cannot listen: " + err.Error())
}

// caseCode is the code graph that lies beside the folder of a case, as a client reads it.
type caseCode struct {
	client *graph.Client
	server *graphtest.Server
}

// openCode reads the code graph beside the folder of a case; nil where there is none.
func openCode(ctx context.Context, caseDir string, p *progress) (*caseCode, error) {
	path := filepath.Join(caseDir, "..", codeFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Say("code graph: none, there is no %s beside the case", codeFile)
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the code graph cannot be read: %w", err)
	}
	c := &caseCode{}
	if c.server, err = serveCode(text); err != nil {
		return nil, fmt.Errorf("%s: this is no code graph: %w", path, err)
	}
	if c.client, err = graph.New(ctx, c.server.Config()); err != nil {
		c.close()
		return nil, err
	}
	p.Say("code graph: read %s", path)
	return c, nil
}

func (c *caseCode) close() {
	if c == nil {
		return
	}
	if c.client != nil {
		_ = c.client.Close()
	}
	c.server.Close()
}
