// Package graph asks a code graph in Neo4j: classes and methods, what calls what, the frames of a stack trace.
package graph
