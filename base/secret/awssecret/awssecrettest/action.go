package awssecrettest

import (
	"cmp"
	"slices"
)

// input is what the actions read of a body.
type input struct {
	Name                string
	SecretID            string `json:"SecretId"`
	VersionStage        string
	VersionID           string `json:"VersionId"`
	VersionStages       []string
	ClientRequestToken  string
	SecretString        *string
	SecretBinary        []byte
	MoveToVersionID     string `json:"MoveToVersionId"`
	RemoveFromVersionID string `json:"RemoveFromVersionId"`
	ForceDelete         bool   `json:"ForceDeleteWithoutRecovery"`
}

// action answers with what becomes JSON. It runs under the server's lock.
type action func(*Server, input) (any, *Exception)

var actions = map[string]action{
	"CreateSecret":             (*Server).create,
	"PutSecretValue":           (*Server).put,
	"GetSecretValue":           (*Server).get,
	"DescribeSecret":           (*Server).describe,
	"UpdateSecretVersionStage": (*Server).moveLabel,
	"DeleteSecret":             (*Server).remove,
	"RestoreSecret":            (*Server).restore,
}

// written names a secret, and a version of it where the action has one.
type written struct {
	ARN, Name     string
	VersionID     string   `json:"VersionId,omitempty"`
	VersionStages []string `json:",omitempty"`
}

// value is a version with what it holds.
type value struct {
	written
	SecretString *string `json:",omitempty"`
	SecretBinary []byte  `json:",omitempty"`
	CreatedDate  float64 // seconds since 1970
}

type description struct {
	written
	VersionIDsToStages map[string][]string `json:"VersionIdsToStages"`
}

func (x *stored) written() written { return written{ARN: x.arn, Name: x.name} }

func (x *stored) writtenVersion(v *version) written {
	return written{ARN: x.arn, Name: x.name, VersionID: v.id, VersionStages: slices.Clone(v.stages)}
}

// alive finds a secret that is not marked for deletion.
func (s *Server) alive(id string) (*stored, *Exception) {
	x := s.find(id)
	switch {
	case x == nil:
		return nil, notFound("")
	case x.deleted:
		return nil, invalidRequest("You can't perform this operation on the secret because it was marked for deletion.")
	}
	return x, nil
}

func (s *Server) create(in input) (any, *Exception) {
	if s.secrets[in.Name] != nil {
		return nil, &Exception{"ResourceExistsException", "The operation failed because the secret " + in.Name + " already exists."}
	}
	x := s.make(in.Name)
	if in.SecretString == nil && in.SecretBinary == nil {
		return x.written(), nil
	}
	return x.writtenVersion(s.add(x, in.ClientRequestToken, in.SecretString, in.SecretBinary, Current)), nil
}

func (s *Server) put(in input) (any, *Exception) {
	x, refused := s.alive(in.SecretID)
	if refused != nil {
		return nil, refused
	}
	if v := x.byID(in.ClientRequestToken); v != nil {
		if !v.same(in.SecretString, in.SecretBinary) {
			return nil, &Exception{"ResourceExistsException", "The version exists with another value."}
		}
		return x.writtenVersion(v), nil
	}
	stages := in.VersionStages
	if len(stages) == 0 {
		stages = []string{Current}
	}
	return x.writtenVersion(s.add(x, in.ClientRequestToken, in.SecretString, in.SecretBinary, stages...)), nil
}

func (s *Server) get(in input) (any, *Exception) {
	x, refused := s.alive(in.SecretID)
	switch {
	case s.denied[in.SecretID], x != nil && s.denied[x.name]:
		e := AccessDenied(in.SecretID)
		return nil, &e
	case refused != nil:
		return nil, refused
	}
	var v *version
	if in.VersionID != "" {
		if v = x.byID(in.VersionID); v == nil {
			return nil, notFound("VersionId: " + in.VersionID)
		}
		if in.VersionStage != "" && !slices.Contains(v.stages, in.VersionStage) {
			return nil, invalidRequest("You provided a VersionStage that is not associated to the provided VersionId.")
		}
	} else if v = x.byStage(cmp.Or(in.VersionStage, Current)); v == nil {
		return nil, notFound("staging label: " + cmp.Or(in.VersionStage, Current))
	}
	return value{x.writtenVersion(v), v.text, v.binary, float64(v.created.UnixMilli()) / 1000}, nil
}

func (s *Server) describe(in input) (any, *Exception) {
	x := s.find(in.SecretID)
	if x == nil {
		return nil, notFound("")
	}
	out := description{x.written(), map[string][]string{}}
	for _, v := range x.versions {
		if len(v.stages) > 0 {
			out.VersionIDsToStages[v.id] = slices.Clone(v.stages)
		}
	}
	return out, nil
}

func (s *Server) moveLabel(in input) (any, *Exception) {
	x, refused := s.alive(in.SecretID)
	if refused != nil {
		return nil, refused
	}
	var from string
	if v := x.byStage(in.VersionStage); v != nil {
		from = v.id
	}
	to := x.byID(in.MoveToVersionID)
	switch {
	case in.MoveToVersionID != "" && to == nil:
		return nil, notFound("VersionId: " + in.MoveToVersionID)
	case from != in.RemoveFromVersionID && (from != "" || in.RemoveFromVersionID != ""):
		return nil, &Exception{"InvalidParameterException", "The label " + in.VersionStage + " is on version " + from + "; name it in RemoveFromVersionId."}
	case in.VersionStage == Current && to == nil:
		return nil, &Exception{"InvalidParameterException", "A secret always has a current version."}
	}
	x.label(in.VersionStage, to)
	return x.written(), nil
}

func (s *Server) remove(in input) (any, *Exception) {
	x := s.find(in.SecretID)
	if x == nil {
		return nil, notFound("")
	}
	x.deleted = true
	if in.ForceDelete {
		delete(s.secrets, x.name)
	}
	return x.written(), nil
}

func (s *Server) restore(in input) (any, *Exception) {
	x := s.find(in.SecretID)
	if x == nil {
		return nil, notFound("")
	}
	x.deleted = false
	return x.written(), nil
}
