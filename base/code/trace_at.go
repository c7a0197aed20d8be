package code

import "strings"

// maxMarks is how many times "at " is looked at in one line: a trace has one.
const maxMarks = 4

// atFrame reads a frame of Java, Node or .NET: all three begin with "at ".
func atFrame(line string) (Frame, bool) {
	start := 0
	for range maxMarks {
		i := strings.Index(line[start:], "at ")
		if i < 0 {
			return Frame{}, false
		}
		i += start
		start = i + len("at ")
		if i > 0 && (isTypeByte(line[i-1]) || line[i-1] == '-') {
			continue
		}
		call, _, _ := strings.Cut(line[start:], `"`) // the end of a string of JSON
		call = strings.TrimRight(call, ",{}] \t")
		for _, read := range [...]func(string) (Frame, bool){javaFrame, nodeFrame, dotnetFrame} {
			f, ok := read(call)
			// A call without a place could be a sentence: it must stand as a frame does.
			if ok && (f.Line > 0 || strings.TrimSpace(line[:i]) == "" || strings.HasSuffix(line[:i], "  ") || line[i-1] == '\t') {
				f.Text = line[i:]
				return f, true
			}
		}
	}
	return Frame{}, false
}

// javaFrame reads "java.base/java.util.ArrayList.get(ArrayList.java:427) ~[app.jar:1.2]".
func javaFrame(call string) (Frame, bool) {
	if i := strings.Index(call, ") "); i >= 0 && strings.HasPrefix(strings.TrimLeft(call[i+2:], "~ "), "[") {
		call = call[:i+1]
	}
	name, where, ok := strings.Cut(strings.TrimSuffix(call, ")"), "(")
	if !ok || !strings.HasSuffix(call, ")") || strings.ContainsAny(name, " \t\"") {
		return Frame{}, false
	}
	f := Frame{Language: Java}
	switch file, line, placed := place(where); {
	case where == "Native Method" || where == "Unknown Source" || where == "<generated>" || where == "Redefined":
	case placed && !strings.ContainsAny(file, " ,()/\\"):
		if f.File, f.Line = file, line; file == "Unknown Source" {
			f.File = ""
		}
	case isJavaFile(where):
		f.File = where
	default:
		return Frame{}, false
	}
	name = beforeAny(name, "$$Lambda", "$$EnhancerBy", "$$SpringCGLIB", "$$FastClassBy", "$$_WeldClientProxy", "_$$_jvst") + methodOfProxy(name)
	name = name[strings.LastIndexByte(name, '/')+1:] // the class loader and the module
	class, method := cutLast(name, '.')
	if class == "" || method == "" {
		return Frame{}, false
	}
	f.Package, f.Class = cutLast(class, '.')
	f.Class, f.Method = javaClass(f.Class), javaMethod(method)
	return f, true
}

func isJavaFile(name string) bool {
	for _, ending := range [...]string{".java", ".kt", ".kts", ".scala", ".groovy", ".clj"} {
		if strings.HasSuffix(name, ending) {
			return !strings.ContainsAny(name, " ,")
		}
	}
	return false
}

func beforeAny(s string, marks ...string) string {
	for _, m := range marks {
		if i := strings.Index(s, m); i > 0 {
			return s[:i]
		}
	}
	return s
}

// methodOfProxy is the method behind the name of a class that was made at run time, with its dot; empty for others.
func methodOfProxy(name string) string {
	if i := strings.Index(name, "$$"); i > 0 {
		if dot := strings.LastIndexByte(name, '.'); dot > i {
			return name[dot:]
		}
	}
	return ""
}

// javaClass is a class without the numbers of anonymous classes in it: Outer$Inner$1 is in Outer$Inner.
func javaClass(class string) string {
	for {
		before, last := cutLast(class, '$')
		if before == "" || strings.Trim(last, "0123456789") != "" {
			return class
		}
		class = before
	}
}

// javaMethod is the method in which a lambda is written: lambda$find$3, and $anonfun$find$1 of Scala.
func javaMethod(method string) string {
	for _, prefix := range [...]string{"lambda$", "$anonfun$"} {
		if after, ok := strings.CutPrefix(method, prefix); ok {
			return beforeAny(after, "$")
		}
	}
	return beforeAny(method, "$lambda", "$suspendImpl", "$default")
}

// nodeFrame reads "async Store.find [as call] (file:///app/store.mjs:12:5)" and "/app/store.js:12:5".
func nodeFrame(call string) (Frame, bool) {
	name, where, named := strings.Cut(strings.TrimSuffix(call, ")"), " (")
	if named != strings.HasSuffix(call, ")") || strings.HasPrefix(where, "(") || strings.HasPrefix(call, "(") {
		return Frame{}, false
	}
	if !named {
		name, where = "", strings.TrimPrefix(call, "async ")
	}
	if inner, ok := strings.CutPrefix(where, "eval at "); ok { // the place of the eval, not that within its text
		_, where, _ = strings.Cut(inner, "(")
		where, _, _ = strings.Cut(where, ")")
	}
	f := Frame{Language: Node}
	if before, _, ok := number(where); ok && strings.HasSuffix(before, ":") {
		if f.File, f.Line, ok = place(before[:len(before)-1]); !ok {
			return Frame{}, false
		}
	} else if !named || where != "<anonymous>" && where != "native" && !strings.HasPrefix(where, "index ") {
		return Frame{}, false
	}
	f.File = nodeFile(f.File)
	f.Class, f.Method = nodeName(name)
	return f, f.File != "" || f.Method != ""
}

// nodeFile is a path for the URL of a file.
func nodeFile(file string) string {
	if path, ok := strings.CutPrefix(file, "file://"); ok {
		return path
	}
	return strings.TrimSpace(file)
}

// nodeName reads Class.method, new Class, and a function alone. Object, Module and their like are what an object is
// whose class has no name.
func nodeName(name string) (class, method string) {
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "async "), " [as ")
	if class, ok := strings.CutPrefix(name, "new "); ok {
		return class, "constructor"
	}
	class, method = cutLast(name, '.')
	switch class {
	case "Object", "Module", "Function", "global", "Proxy", "null", "undefined":
		class = ""
	}
	if method == "<anonymous>" {
		method = ""
	}
	return class, method
}

// dotnetFrame reads "Shop.Orders.Store.Find(String id) in /src/Store.cs:line 12".
func dotnetFrame(call string) (Frame, bool) {
	f := Frame{Language: DotNet}
	signature, where, placed := strings.Cut(call, ") in ")
	if placed {
		signature += ")"
		if i := strings.LastIndex(where, ":line "); i >= 0 {
			before, n, ok := number(where)
			if !ok || !strings.HasSuffix(before, ":line ") {
				return Frame{}, false
			}
			f.File, f.Line = where[:i], n
		}
	}
	open := strings.IndexByte(signature, '(')
	if open <= 0 || !strings.HasSuffix(signature, ")") || strings.ContainsAny(signature[:open], " \t\"'") {
		return Frame{}, false
	}
	name := withoutBrackets(signature[:open])
	class, method := cutLast(name, '.')
	if before, ok := strings.CutSuffix(class, "."); ok && (method == "ctor" || method == "cctor") {
		class, method = before, "."+method
	}
	if class == "" && !strings.HasPrefix(method, "lambda_method") || method == "" {
		return Frame{}, false
	}
	f.Package, f.Class, f.Method = dotnetName(class, method)
	return f, true
}

// dotnetName finds the method in which generated code is written: <Find>d__5 is the state machine of Find, <Find>b__0 a
// lambda and <Find>g__Inner|0 a function in it; <>c is where lambdas live.
func dotnetName(class, method string) (pkg, name, written string) {
	if _, after, ok := strings.Cut(method, "<"); ok {
		if inner, _, ok := strings.Cut(after, ">"); ok && inner != "" {
			method = inner
		}
	}
	for {
		i := strings.LastIndexAny(class, ".+")
		if i < 0 || !strings.HasPrefix(class[i+1:], "<") {
			break
		}
		if inner, _, ok := strings.Cut(class[i+2:], ">"); ok && inner != "" {
			method = inner
		}
		class = class[:i]
	}
	pkg, name = cutLast(class, '.')
	return pkg, beforeAny(name, "`"), method
}

// cutLast cuts at the last separator; before is empty where there is none.
func cutLast(s string, separator byte) (before, after string) {
	i := strings.LastIndexByte(s, separator)
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}

// dotnetChain follows exceptions within exceptions: the inner one's frames come first, then a line that says so, then the
// outer one's.
func (t *tracer) dotnetChain(text string) bool {
	if strings.HasPrefix(text, "--- End of inner exception stack trace") {
		h := header{}
		if n := len(t.outer); n > 0 {
			h, t.outer = t.outer[n-1], t.outer[:n-1]
		}
		h.link = LinkCauses
		t.expect(h)
		return true
	}
	before, inner, ok := strings.Cut(text, "---> ")
	if !ok {
		return false
	}
	outer := t.header
	if strings.TrimSpace(before) != "" {
		outer, _ = traceHeader(strings.TrimSpace(before))
	}
	for ok {
		if len(t.outer) < MaxTraceStacks {
			t.outer = append(t.outer, outer)
		}
		before, inner, ok = strings.Cut(inner, "---> ")
		outer = exceptionOf(strings.TrimSpace(before))
	}
	t.expect(outer)
	return true
}
