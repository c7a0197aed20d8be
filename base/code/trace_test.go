package code_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fourkites/sources/base/code"
	"github.com/fourkites/sources/internal/race"
)

// written is a trace in short: a line for each stack, and below it one for each frame.
func written(t code.Trace) string {
	var b strings.Builder
	for _, s := range t.Stacks {
		fmt.Fprintf(&b, "%s %s|%s|%s|%s|%d\n", s.Language, s.Link, s.Exception, s.Message, s.Thread, s.Elided)
		for _, f := range s.Frames {
			fmt.Fprintf(&b, "  %s|%s|%s|%s:%d\n", f.Package, f.Class, f.Method, f.File, f.Line)
		}
	}
	if t.Incomplete != "" {
		b.WriteString(t.Incomplete + "\n")
	}
	return strings.TrimSpace(b.String())
}

const javaTrace = `2026-05-01 10:00:00 ERROR [main] c.e.Orders - failed: java.lang.IllegalStateException: no order
	at com.example.orders.OrderService$Inner.find(OrderService.java:42) ~[app.jar:1.2]
	at com.example.orders.OrderService.lambda$load$3(OrderService.java:57)
	at com.example.orders.OrderService$$Lambda$14/0x0000000800c03000.apply(Unknown Source)
	at com.example.orders.OrderService$1.run(OrderService.java:60)
	at com.example.orders.OrderService$$EnhancerBySpringCGLIB$$1a2b3c.find(<generated>)
	at java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke0(Native Method)
	at java.base@21.0.1/java.util.ArrayList.forEach(ArrayList.java:1511)
	at app//com.example.Main.main(Main.kt:3)
	Suppressed: java.io.IOException: close
		at com.example.orders.Pool.close(Pool.java:9)
Caused by: com.example.NotHere
	at com.example.orders.Store.<init>(Store.java:7)
	... 12 more`

const javaWant = `java |java.lang.IllegalStateException|no order||0
  com.example.orders|OrderService$Inner|find|OrderService.java:42
  com.example.orders|OrderService|load|OrderService.java:57
  com.example.orders|OrderService|apply|:0
  com.example.orders|OrderService|run|OrderService.java:60
  com.example.orders|OrderService|find|:0
  jdk.internal.reflect|NativeMethodAccessorImpl|invoke0|:0
  java.util|ArrayList|forEach|ArrayList.java:1511
  com.example|Main|main|Main.kt:3
java suppressed|java.io.IOException|close||0
  com.example.orders|Pool|close|Pool.java:9
java caused_by|com.example.NotHere|||12
  com.example.orders|Store|<init>|Store.java:7`

const goTrace = `panic: runtime error: index out of range [3] with length 2 [recovered]

goroutine 7 gp=0xc000 m=0 mp=0x1 [running]:
panic({0x4a2f20?, 0xc00001c0a8?})
	/usr/lib/go/src/runtime/panic.go:785 +0x132 fp=0x1 sp=0x2 pc=0x3
example.com/shop/orders.(*Store[...]).Find.func1(0xc00007e000, {0x1, 0x2})
	/src/orders/store.go:12 +0x1d
gopkg.in/yaml%2ev3.Map[...](...)
	/src/yaml/map.go:5
main.main()
	/src/main.go:3 +0x25

goroutine 18 [chan receive, 5 minutes]:
example.com/shop/orders.Queue.Take(...)
	/src/orders/queue.go:44
created by example.com/shop/orders.Start in goroutine 7
	/src/orders/queue.go:20 +0x99
exit status 2`

const goWant = `go |panic|runtime error: index out of range [3] with length 2 [recovered]|goroutine 7 gp=0xc000 m=0 mp=0x1 [running]|0
  ||panic|/usr/lib/go/src/runtime/panic.go:785
  example.com/shop/orders|Store|Find|/src/orders/store.go:12
  gopkg.in/yaml.v3||Map|/src/yaml/map.go:5
  main||main|/src/main.go:3
go |||goroutine 18 [chan receive, 5 minutes]|0
  example.com/shop/orders|Queue|Take|/src/orders/queue.go:44
  example.com/shop/orders||Start|/src/orders/queue.go:20`

const pythonTrace = `ERROR root: failed
Traceback (most recent call last):
  File "/app/orders/store.py", line 3, in find
    return rows[key]
           ~~~~^^^^^
KeyError: 'L-1'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/main.py", line 20, in <module>
    main()
  File "/app/main.py", line 12, in main
    find(key)
  [Previous line repeated 996 more times]
shop.errors.NotHere: no order L-1
INFO next`

const pythonWant = `python |KeyError|'L-1'||0
  ||find|/app/orders/store.py:3
python causes|shop.errors.NotHere|no order L-1||996
  ||main|/app/main.py:12
  |||/app/main.py:20`

const groupTrace = `  + Exception Group Traceback (most recent call last):
  |   File "/app/main.py", line 9, in main
  |     raise ExceptionGroup("several", errors)
  | ExceptionGroup: several (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/a.py", line 4, in Loader.load
    |     raise ValueError("a")
    | ValueError: a
    +---------------- 2 ----------------
    | TypeError: b
    +------------------------------------`

const groupWant = `python |ExceptionGroup|several (2 sub-exceptions)||0
  ||main|/app/main.py:9
python member|ValueError|a||0
  |Loader|load|/app/a.py:4
python member|TypeError|b||0`

const rubyTrace = `app/models/order.rb:12:in 'Shop::Order#find': no order (Shop::NotHere)
	from app/models/order.rb:8:in 'block (2 levels) in Shop::Order.all'
	from <internal:kernel>:187:in 'loop'
	from bin/run:3:in '<main>'
	 ... 12 levels...
E, [2026] ERROR -- : RuntimeError (boom):

app/x.rb:4:in ` + "`block in run'" + `
app/x.rb:2:in ` + "`<class:Job>'" + `
{"error":"ArgumentError: bad","backtrace":["lib/a.rb:1:in 'A#b'","lib/c.rb:2:in 'C.d'"]}`

const rubyWant = `ruby |Shop::NotHere|no order||12
  Shop|Order|find|app/models/order.rb:12
  Shop|Order|all|app/models/order.rb:8
  ||loop|<internal:kernel>:187
  |||bin/run:3
ruby |RuntimeError|boom||0
  ||run|app/x.rb:4
  |Job||app/x.rb:2
ruby |ArgumentError|bad||0
  |A|b|lib/a.rb:1
  |C|d|lib/c.rb:2`

const nodeTrace = `TypeError [ERR_BAD]: x is not a function
    at Store.find [as call] (/app/src/store.js:12:5)
    at async file:///app/src/main.mjs:3:1
    at new Queue (/app/src/queue.ts:7:9)
    at Array.forEach (<anonymous>)
    at Object.<anonymous> (/app/index.js:1:1)
    at eval (eval at run (/app/vm.js:5:3), <anonymous>:1:1)
    at async Promise.all (index 0)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {
  [cause]: Error: inner
      at read (/app/src/read.js:9:2)
}`

const nodeWant = `node |TypeError|x is not a function||0
  |Store|find|/app/src/store.js:12
  |||/app/src/main.mjs:3
  |Queue|constructor|/app/src/queue.ts:7
  |Array|forEach|:0
  |||/app/index.js:1
  ||eval|/app/vm.js:5
  |Promise|all|:0
  |process|processTicksAndRejections|node:internal/process/task_queues:95
node caused_by|Error|inner||0
  ||read|/app/src/read.js:9`

const dotnetTrace = `fail: Shop.Api[0] System.InvalidOperationException: outer
 ---> System.ArgumentNullException: inner (Parameter 'id')
   at Shop.Orders.Store.<Find>d__5.MoveNext() in C:\new\src\Store.cs:line 12
   at Shop.Orders.Store.<>c__DisplayClass3_0.<Load>b__0(String id, Int32 n) in /src/Store.cs:line 30
   --- End of inner exception stack trace ---
   at Shop.Orders.Store` + "`1" + `.Get[T](T id)
--- End of stack trace from previous location ---
   at Shop.Orders.Outer+Inner..ctor()
   at Shop.Orders.Store.<Run>g__Local|5_0() in /src/Store.cs:line 44
   at lambda_method5(Closure, Object, Object[])`

const dotnetWant = `dotnet |System.ArgumentNullException|inner (Parameter 'id')||0
  Shop.Orders|Store|Find|C:\new\src\Store.cs:12
  Shop.Orders|Store|Load|/src/Store.cs:30
dotnet causes|System.InvalidOperationException|outer||0
  Shop.Orders|Store|Get|:0
  Shop.Orders|Outer+Inner|.ctor|:0
  Shop.Orders|Store|Run|/src/Store.cs:44
  ||lambda_method5|:0`

var traces = map[string][2]string{
	"java": {javaTrace, javaWant}, "go": {goTrace, goWant}, "python": {pythonTrace, pythonWant},
	"group": {groupTrace, groupWant}, "ruby": {rubyTrace, rubyWant}, "node": {nodeTrace, nodeWant},
	"dotnet": {dotnetTrace, dotnetWant},
}

func TestATraceIsReadAsItsRuntimeWroteIt(t *testing.T) {
	t.Parallel()
	for name, tc := range traces {
		if diff := cmp.Diff(tc[1], written(code.ParseTrace(tc[0]))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestATraceIsReadBehindAPrefixOnEachLine(t *testing.T) {
	t.Parallel()
	for name, tc := range traces {
		if name == "ruby" { // its list of strings is one line of JSON
			continue
		}
		for _, prefix := range []string{"2026-05-01T10:00:00.123Z stderr F ", "[orders-7d9f/app] ", "orders  | "} {
			text := prefix + strings.ReplaceAll(tc[0], "\n", "\n"+prefix)
			if diff := cmp.Diff(framesOf(tc[1]), framesOf(written(code.ParseTrace(text)))); diff != "" {
				t.Errorf("%s behind %q:\n%s", name, prefix, diff)
			}
		}
	}
}

func framesOf(text string) (frames []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "  ") {
			frames = append(frames, line)
		}
	}
	return frames
}

func TestATraceIsReadFromAStringOfJSON(t *testing.T) {
	t.Parallel()
	for name, tc := range traces {
		if name == "ruby" {
			continue
		}
		once := escapeJSON(tc[0])
		for _, text := range []string{
			`{"level":"error","stack":"` + once + `","at":1}`,
			`{"log":"{\"stack\":\"` + escapeJSON(once) + `\"}"}`,
		} {
			if diff := cmp.Diff(framesOf(tc[1]), framesOf(written(code.ParseTrace(text)))); diff != "" {
				t.Errorf("%s in %.60s:\n%s", name, text, diff)
			}
		}
	}
}

func escapeJSON(text string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, `"`, `\"`, "<", `\u003c`).Replace(text)
}

func TestADumpOfThreadsOfJavaKeepsItsThreadsApart(t *testing.T) {
	t.Parallel()
	got := written(code.ParseTrace(`"main" #1 prio=5 os_prio=0 tid=0x1 nid=0x2 waiting
   java.lang.Thread.State: WAITING
	at java.lang.Object.wait(Native Method)
	- waiting on <0x1> (a java.lang.Object)
	at com.example.Main.main(Main.java:5)

"worker-1" #12 daemon prio=5
	at com.example.Worker.run(Worker.java:8)`))
	want := `java |||main|0
  java.lang|Object|wait|:0
  com.example|Main|main|Main.java:5
java |||worker-1|0
  com.example|Worker|run|Worker.java:8`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProseIsNoTrace(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "\n\n", "we looked at it (twice)", "arrived at the dock (no. 5)", "at 10:00 it was over", "see at home.",
		"order found at warehouse.north(left)", `File "a.txt" has line 3`, "12:in the morning", "x.go: 12 files", "at (a:1:2",
		`C:\new\temp`, "goroutine of goroutines", "Caused by: rain", "ratio at 3:4:5pm",
	} {
		if got := code.ParseTrace(text); len(got.Stacks) > 0 {
			t.Errorf("%q: %s", text, written(got))
		}
	}
}

func TestATraceWithoutEndIsCutAndSaysSo(t *testing.T) {
	t.Parallel()
	java := strings.Repeat("\tat a.B.c(B.java:1)\n", 1000)
	got := code.ParseTrace("a.TooDeepError: x\n" + java)
	if n := len(got.Stacks[0].Frames); n != code.MaxStackFrames || got.Incomplete != "488 frames were not kept" {
		t.Errorf("%d frames, %q", n, got.Incomplete)
	}
	python := "Traceback (most recent call last):\n" + strings.Repeat("  File \"a.py\", line 1, in a\n", 3000) +
		"  File \"last.py\", line 2, in b\nRecursionError: deep\n"
	got = code.ParseTrace(python)
	if s := got.Stacks[0]; len(s.Frames) != code.MaxStackFrames || s.Frames[0].File != "last.py" || s.Exception != "RecursionError" {
		t.Errorf("%d frames, first %+v", len(s.Frames), s.Frames[0])
	}
	if got.Incomplete != "2489 frames were not kept" {
		t.Error(got.Incomplete)
	}
	got = code.ParseTrace(strings.Repeat("a.BadError: x\n"+java[:len(java)/10], 1000))
	if n := len(got.Frames()); n != code.MaxTraceFrames || len(got.Stacks) != code.MaxTraceStacks {
		t.Errorf("%d frames, %d stacks", n, len(got.Stacks))
	}
	if want := "21504 frames were not kept; 744 stacks were not kept"; got.Incomplete != want {
		t.Errorf("%q, want %q", got.Incomplete, want)
	}
}

func TestTenMegabytesOfAnythingAreReadInBoundedTime(t *testing.T) {
	t.Parallel()
	const size = 10 << 20
	noise := make([]byte, size)
	state := uint64(1)
	for i := range noise {
		state = state*6364136223846793005 + 1442695040888963407
		noise[i] = byte(state >> 33)
	}
	texts := map[string]string{"noise": string(noise)}
	for _, unit := range []string{
		"at ", "at a.b(", `\n\t`, `\\`, "(", ")", ":in '", `File "`, "Caused by: ", "---> ", ".go:1", "a.Error: ", `","`, "\n", "[", "$$", "<", " at x (y:1:1)",
		"\tat a.B.c(B.java:1)\n", "goroutine 1 [running]:\n", "a.b(c)\n\t/x.go:1\n", "panic: ", "| ", "Error", `\n`, `"a" #`, " in ", "a.b (a.b ",
	} {
		texts[unit] = strings.Repeat(unit, size/len(unit)+1)
		line := strings.Repeat(unit, 4000/len(unit)) + "\n" // as much of a line as is looked at
		texts[unit+" in lines"] = strings.Repeat(line, size/len(line)+1)
	}
	for name, text := range texts {
		if race.Enabled && strings.HasSuffix(name, " in lines") {
			continue // nothing here runs side by side
		}
		begin := time.Now()
		got := code.ParseTrace(text)
		if !strings.HasPrefix(got.Incomplete, "the first 4194304 of ") {
			t.Errorf("%q: incomplete %q", name, got.Incomplete)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%q took %v", name, took)
		}
	}
}

func FuzzParseTrace(f *testing.F) {
	for _, tc := range traces {
		f.Add(tc[0])
		f.Add(escapeJSON(tc[0]))
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := code.ParseTrace(text)
		if len(got.Stacks) > code.MaxTraceStacks || len(got.Frames()) > code.MaxTraceFrames {
			t.Errorf("%d stacks, %d frames", len(got.Stacks), len(got.Frames()))
		}
		for _, frame := range got.Frames() {
			if frame.Language == "" || frame.Line < 0 || frame.Text == "" || frame.File == "" && frame.Method == "" && frame.Class == "" {
				t.Errorf("%+v", frame)
			}
		}
	})
}

func ExampleParseTrace() {
	trace := code.ParseTrace(`java.lang.IllegalStateException: no order
	at com.example.OrderService.find(OrderService.java:42)
	at com.example.OrderController.get(OrderController.java:17)
	... 12 more`)
	for _, stack := range trace.Stacks {
		fmt.Println(stack.Exception, "-", stack.Message)
		for _, f := range stack.Frames {
			fmt.Println(f.Class, f.Method, f.Line)
		}
		fmt.Println(stack.Elided, "more")
	}
	// Output:
	// java.lang.IllegalStateException - no order
	// OrderService find 42
	// OrderController get 17
	// 12 more
}
