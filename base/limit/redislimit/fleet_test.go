package redislimit_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fourkites/sources/base"
	"github.com/fourkites/sources/base/limit/redislimit"
	"github.com/fourkites/sources/base/secret"
	"github.com/fourkites/sources/internal/engines"
)

const processes = 8

func fleet(server *engines.RedisServer) redislimit.Config {
	return redislimit.Config{
		Addresses: []string{server.Addr}, Password: secret.Literal(engines.RedisPassword), Name: "fleet", Lease: base.Duration(4 * time.Second),
		CoolDown: base.Duration(200 * time.Millisecond),
	}
}

// report prints one line of measurement, and returns the most calls at once.
func report(t *testing.T, r *referee, all tally, limit int, took time.Duration) int {
	t.Helper()
	most := r.maximum()
	t.Logf("fleet measurement: processes=%d limit=%d acquires=%d max_seen=%d throughput=%.0f/s wait_p50=%s wait_p99=%s failed=%d opened=%d lost=%d longest_silence=%s",
		processes, limit, len(all.Waits), most, float64(len(all.Waits))/took.Seconds(), quantile(all.Waits, 0.5),
		quantile(all.Waits, 0.99), all.Failed, all.Opened, all.Lost, r.silence().Round(time.Millisecond))
	return most
}

func TestAFleetOfProcessesNeverExceedsItsBound(t *testing.T) { //nolint:paralleltest // it measures
	server, r := engines.Redis(t), newReferee(t)
	c := fleet(server)
	for _, hold := range []time.Duration{0, 5 * time.Millisecond, 50 * time.Millisecond} {
		c.Concurrency = 5
		work := task{Limit: c, Referee: r.addr, Callers: 4, For: 1500 * time.Millisecond, Hold: hold}
		all, err := work.run(t.Context(), processes)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("calls of %s:", hold)
		if most := report(t, r, all, c.Concurrency, work.For); most != c.Concurrency {
			t.Errorf("%d calls at once, the bound is %d", most, c.Concurrency)
		}
		if len(all.Waits) < 50 || all.Failed > 0 || all.Lost > 0 {
			t.Errorf("%d calls, %d failed, %d lost", len(all.Waits), all.Failed, all.Lost)
		}
	}
}

func TestAFleetOfProcessesKeepsItsRate(t *testing.T) { //nolint:paralleltest // it measures
	server, r := engines.Redis(t), newReferee(t)
	c := fleet(server)
	c.Concurrency, c.Rate, c.Burst = -1, 100, 10
	work := task{Limit: c, Referee: r.addr, Callers: 3, For: 3 * time.Second}
	all, err := work.run(t.Context(), processes)
	if err != nil {
		t.Fatal(err)
	}
	began, window := len(all.Waits), r.window(time.Second)
	t.Logf("fleet measurement: processes=%d rate=%v burst=%d for=%s calls=%d most_in_1s=%d", processes, c.Rate, c.Burst, work.For, began, window)
	_ = report(t, r, all, 0, work.For)
	// The first call may begin late on a busy machine, by a quarter of a second here.
	if most := int(c.Rate*r.begins[began-1].Sub(r.begins[0]).Seconds()) + c.Burst + 25; began > most {
		t.Errorf("%d calls, at most %d are allowed", began, most)
	}
	if window > int(c.Rate)*3/2+c.Burst { // calls that were let through in time may begin late on a busy machine
		t.Errorf("%d calls in one second", window)
	}
	if began < 120 {
		t.Errorf("%d calls: the rate is not used", began)
	}
}

func TestThePlaceOfAKilledProcessIsFreeWithinItsLease(t *testing.T) {
	t.Parallel()
	server, r := engines.Redis(t), newReferee(t)
	c := fleet(server)
	c.Concurrency, c.Lease = 1, base.Duration(2*time.Second)
	holder := task{Limit: c, Referee: r.addr, Callers: 1, For: time.Minute, Hold: time.Minute}
	cmd, _, _, err := holder.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.began:
	case <-soon(t).Done():
		t.Error("the process makes no call")
	}
	l := open(t, c)
	served := waits(t, l, 1)
	tick := time.NewTimer(3 * time.Second) // longer than the lease: it is renewed
	<-tick.C
	pending(t, served)
	killed := time.Now()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the process ended by itself")
	}
	release := got(t, served)
	took := time.Since(killed)
	release()
	t.Logf("fleet measurement: place of a killed process free after %s, lease %s", took.Round(time.Millisecond), c.Lease)
	if took > c.Lease.D()+2*time.Second {
		t.Errorf("the place was free after %s", took)
	}
}

func TestAFleetGoesOnAfterRedisIsRestarted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		onOutage string
		restart  func(*testing.T, *engines.RedisServer)
	}{
		{"closed, data lost", redislimit.Closed, func(t *testing.T, s *engines.RedisServer) { s.Kill(t); s.Start(t) }},
		{"open, away for 1.5 s", redislimit.Open, func(t *testing.T, s *engines.RedisServer) { s.Kill(t); pause(1500 * time.Millisecond); s.Start(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, r := engines.Redis(t), newReferee(t)
			config := fleet(server)
			config.Concurrency, config.OnOutage = 5, c.onOutage
			work := task{Limit: config, Referee: r.addr, Callers: 4, For: 5500 * time.Millisecond, Hold: 400 * time.Millisecond}
			type outcome struct {
				all tally
				err error
			}
			done := make(chan outcome, 1)
			go func() {
				all, err := work.run(t.Context(), processes)
				done <- outcome{all, err}
			}()
			pause(1200 * time.Millisecond)
			before := r.maximum()
			c.restart(t, server)
			pause(2500 * time.Millisecond)
			middle := r.maximum()
			o := <-done
			if o.err != nil {
				t.Fatal(o.err)
			}
			t.Logf("fleet measurement, %s: max_seen before=%d around the restart=%d", c.name, before, middle)
			end := report(t, r, o.all, config.Concurrency, work.For)
			if before > config.Concurrency || c.onOutage == redislimit.Closed && middle > config.Concurrency+1 {
				t.Errorf("%d calls at once before, %d around the restart, the bound is %d", before, middle, config.Concurrency)
			}
			if c.onOutage == redislimit.Open && (o.all.Opened == 0 || o.all.Failed > 0) {
				t.Errorf("%d calls failed, %d were let through while Redis was away", o.all.Failed, o.all.Opened)
			}
			if end > config.Concurrency {
				t.Errorf("%d calls at once in the end", end)
			}
		})
	}
}

// pause waits on the real clock: between two events that nobody tells.
func pause(d time.Duration) { <-time.NewTimer(d).C }

func TestALimitLivesOnACluster(t *testing.T) {
	t.Parallel()
	server := engines.Redis(t, "cluster-enabled yes")
	if answer, err := server.Command(t.Context(), "CLUSTER", "ADDSLOTSRANGE", "0", "16383"); err != nil || answer != "+OK" {
		t.Fatal(answer, err)
	}
	eventually(t, "the cluster is up", func() bool {
		answer, err := server.Command(t.Context(), "SET", "up", "1")
		return err == nil && answer == "+OK"
	})
	c := fleet(server)
	c.Cluster, c.Concurrency, c.Rate, c.Burst = true, 1, 1000, 10
	a, b := open(t, c), open(t, c)
	if err := errors.Join(a.Ping(t.Context()), b.Ping(t.Context())); err != nil {
		t.Fatal(err)
	}
	release := acquire(t, a, 1)
	second := waits(t, b, 1)
	release()
	got(t, second)()
}

func BenchmarkAcquireAndRelease(b *testing.B) {
	c := fleet(engines.Redis(b))
	c.Concurrency = 100
	l, err := redislimit.New(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			release, err := l.Acquire(b.Context(), 1)
			if err != nil {
				b.Error(err)
				return
			}
			release()
		}
	})
}
