// Package redislimit bounds calls of many processes together: their weight in flight, their rate, and the pause that a
// server's quota headers ask for. The processes share a Redis; a [Limiter] is given to a client with
// [base.WithLimiter], and stands inside the bounds that the client keeps for itself.
//
// # What holds
//
// Each process tells Redis what it holds, in one script that runs alone, with the clock of the server. All calls of all
// processes wait in one line: none overtakes another, and a call that is let through has both a place and a token of the
// rate. One heavier than the whole bound runs alone. Places belong to a process as long as its lease runs; one goroutine
// renews it three times a lease, so the places of a process that was killed are free within one [Config.Lease]. A
// limiter that holds nothing and waits for nothing does not talk to Redis.
//
// # What does not hold
//
// A process that cannot reach Redis for longer than its lease loses its places to others while its calls go on, for
// nobody can call them off: the bound is exceeded by what it holds, until it gives them back. [Usage] counts that as
// Lost. After a Redis that lost its data, processes that knew it let nobody through for half a lease, in which all tell
// what they hold; only one that was started meanwhile may be too early. A replica that takes over may lack the last
// writes of its master.
//
// # When Redis is away
//
// [Config.OnOutage] says what happens. Each exchange is bounded by [Config.Timeout]; the calls that waited when one failed
// are answered at once, and so are all later ones, until Redis, which is asked once in [Config.CoolDown], answers again.
//
// # What Redis must allow
//
// The account needs EVALSHA, EVAL, the commands that tend.lua names, the keys that begin with [Config.Prefix], and
// SUBSCRIBE and PUBLISH on channels that begin so. Where it may not, calls that waited are let through up to 150
// milliseconds late. Its memory policy must not evict these keys. All keys of a limit have one hash tag, its name, so they lie on one node of a cluster.
//
// The library under this package, go-redis, can log to standard error by a logger of the whole program. With the dialer
// of this package it has no reason to: failed connections are told as errors. A program that wants silence under all
// circumstances calls redis.SetLogger itself; this package sets nothing that is global.
package redislimit
