// Package canarysweep is a test: it plants secrets in every configuration of this module, has all clients, tools and
// servers work and fail with every fault that their fakes know, and searches everything that they say for the secrets.
package canarysweep
