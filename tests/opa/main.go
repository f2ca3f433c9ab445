// Our policies in OPA itself: runs every test of the pack, packs it with `policy bundle`, and evaluates the facts of every scenario
// that ends in a decision, with the pack as OPA reads it from that bundle. Verdicts (rule, action, finding, message) and admitted
// exceptions must be those of the binary. The calls of builtins.json must give here what stands there; the binary's own tests hold
// its engine to the same file.
//
//	go run . -binary target/debug/countersign -root .
//	go run . -root . -answer   writes OPA's answers into builtins.json
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/BurntSushi/toml"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"sigs.k8s.io/yaml"
)

func main() {
	binary := flag.String("binary", "target/debug/countersign", "the program under test")
	root := flag.String("root", ".", "the repository")
	only := flag.String("only", "", "a part of the scenarios' names")
	answer := flag.Bool("answer", false, "write OPA's answers into builtins.json, and do nothing else")
	flag.Parse()
	calls := filepath.Join(*root, "tests", "opa", "builtins.json")
	if *answer {
		builtins(calls, true)
		return
	}
	absolute, err := filepath.Abs(*binary)
	check(err)
	bad := builtins(calls, false)
	bad = append(bad, packTests(filepath.Join(*root, "policies"))...)
	scratch, err := os.MkdirTemp("", "opa")
	check(err)
	defer os.RemoveAll(scratch)
	pack := packed(absolute, filepath.Join(*root, "policies"), filepath.Join(scratch, "pack.tar.gz"))
	bad = append(bad, scenarios(pack, filepath.Join(*root, "fixtures", "scenarios"), absolute, *only)...)
	bad = append(bad, organisation(absolute, pack, *root, scratch)...)
	for _, line := range bad {
		fmt.Fprintln(os.Stderr, line)
	}
	if len(bad) > 0 {
		os.RemoveAll(scratch)
		os.Exit(1)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "tests/opa:", err)
		os.Exit(1)
	}
}

// packed is the bundle that the binary makes of a directory.
func packed(binary, policies, bundle string, further ...string) string {
	arguments := append([]string{"policy", "bundle", policies, "--output", bundle}, further...)
	said, err := exec.Command(binary, arguments...).CombinedOutput()
	if err != nil {
		check(fmt.Errorf("%s", said))
	}
	return bundle
}

// read is what OPA reads from a bundle.
func read(path string) *bundle.Bundle {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	loaded, err := bundle.NewCustomReader(bundle.NewTarballLoaderWithBaseURL(file, "")).WithProcessAnnotations(true).Read()
	check(err)
	return &loaded
}

func isBundle(path string) bool {
	return strings.HasSuffix(path, ".tar.gz")
}

// organisation decides one scenario with a bundle that brings rules, a profile and data, on top of the pack.
func organisation(binary, pack, root, scratch string) []string {
	acme := packed(binary, filepath.Join(root, "fixtures", "policies", "acme"), filepath.Join(scratch, "acme.tar.gz"))
	bytes, err := os.ReadFile(acme)
	check(err)
	place := filepath.Join(root, "fixtures", "scenarios", "pass")
	var situation scenario
	_, err = toml.DecodeFile(filepath.Join(place, "scenario.toml"), &situation)
	check(err)
	situation.Args = append(situation.Args, "--policy", fmt.Sprintf("%s@sha256:%x", acme, sha256.Sum256(bytes)))
	compared, bad := compare(prepare([]string{pack, acme}), place, situation, binary)
	if compared == 0 {
		bad = append(bad, "the rules of the organisation's bundle gave no verdict")
	}
	// As `opa eval --bundle` loads it.
	result, err := rego.New(rego.LoadBundle(acme), rego.Query("data.acme"), rego.StrictBuiltinErrors(true)).Eval(context.Background())
	check(err)
	if len(result) != 1 {
		bad = append(bad, "OPA does not find the data of the organisation's bundle")
	}
	// Rego v0 in a bundle, which its manifest says.
	old := packed(binary, filepath.Join(root, "fixtures", "policies", "v0"), filepath.Join(scratch, "v0.tar.gz"), "--namespace", "main")
	fork := map[string]interface{}{"change": map[string]interface{}{"fork": true}}
	result, err = rego.New(rego.LoadBundle(old), rego.Query("data.main.deny"), rego.Input(fork)).Eval(context.Background())
	check(err)
	if len(result) != 1 || fmt.Sprint(result[0].Expressions[0].Value) != "[forks do not release]" {
		bad = append(bad, fmt.Sprintf("OPA reads Rego v0 of a bundle as %v", result))
	}
	fmt.Printf("OPA decided by an organisation's bundle, %d verdicts, %d differences\n", compared, len(bad))
	return bad
}

// call is a call of a built-in: what OPA answers, that it is an error, or a number whose text is none in JSON; and what the binary's
// engine does where that is something else (`"error"`, or another answer).
type call struct {
	Call  string          `json:"call"`
	Is    json.RawMessage `json:"is,omitempty"`
	Error bool            `json:"error,omitempty"`
	Odd   string          `json:"odd,omitempty"`
	Here  json.RawMessage `json:"here,omitempty"`
}

func builtins(path string, write bool) []string {
	text, err := os.ReadFile(path)
	check(err)
	var calls, answers []call
	check(json.Unmarshal(text, &calls))
	var bad []string
	for _, said := range calls {
		is := call{Call: said.Call, Here: said.Here}
		result, err := rego.New(rego.Query("x := "+said.Call), rego.StrictBuiltinErrors(true)).Eval(context.Background())
		if err != nil {
			is.Error = true
		} else if len(result) == 1 {
			if is.Is, err = json.Marshal(result[0].Bindings["x"]); err != nil {
				is.Odd, is.Is = fmt.Sprint(result[0].Bindings["x"]), nil
			}
		}
		answers = append(answers, is)
		if is.Error != said.Error || is.Odd != said.Odd || string(is.Is) != string(said.Is) {
			bad = append(bad, fmt.Sprintf("builtins.json: %s is %s in OPA (error: %v)", is.Call, is.Is, is.Error))
		}
	}
	fmt.Printf("OPA answered %d calls of built-ins, %d differences\n", len(calls), len(bad))
	if write {
		lines := make([]string, len(answers))
		for index, answer := range answers {
			line := &strings.Builder{}
			encoder := json.NewEncoder(line)
			encoder.SetEscapeHTML(false)
			check(encoder.Encode(answer))
			lines[index] = strings.TrimSpace(line.String())
		}
		check(os.WriteFile(path, []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0o644))
	}
	return bad
}

// modules parses every policy below these paths, and takes those of bundles as OPA reads them.
func modules(tests bool, paths ...string) map[string]*ast.Module {
	found := map[string]*ast.Module{}
	for _, path := range paths {
		if isBundle(path) {
			for _, module := range read(path).Modules {
				found[path+"!"+module.Path] = module.Parsed
			}
			continue
		}
		check(filepath.Walk(path, func(file string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() || !strings.HasSuffix(file, ".rego") || (!tests && strings.HasSuffix(file, "_test.rego")) {
				return err
			}
			source, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			module, err := ast.ParseModuleWithOpts(file, string(source), ast.ParserOptions{ProcessAnnotation: true})
			found[file] = module
			return err
		}))
	}
	return found
}

func packTests(policies string) []string {
	ctx := context.Background()
	store := inmem.NewFromObject(map[string]interface{}{})
	transaction, err := store.NewTransaction(ctx, storage.WriteParams)
	check(err)
	compiler := ast.NewCompiler().WithStrict(true)
	results, err := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetModules(modules(true, policies)).
		SetTimeout(2*time.Minute).RunTests(ctx, transaction)
	check(err)
	var bad []string
	count := 0
	for result := range results {
		count++
		if result.Fail || result.Error != nil || result.Skip {
			bad = append(bad, fmt.Sprintf("test %s.%s does not pass in OPA: %v", result.Package, result.Name, result.Error))
		}
	}
	if count == 0 {
		bad = append(bad, "no test of the pack was found")
	}
	fmt.Printf("OPA ran %d tests of the pack, %d bad\n", count, len(bad))
	return bad
}

// rule is one package below countersign.rules.
type rule struct {
	id, query   string
	deny, warn  bool
	perFinding  bool
	effectiveOn string
}

func rules(found map[string]*ast.Module) []rule {
	byPackage := map[string]*rule{}
	for _, module := range found {
		name := strings.TrimPrefix(module.Package.Path.String(), "data.")
		rest, ok := strings.CutPrefix(name, "countersign.rules.")
		if !ok {
			continue
		}
		one := byPackage[name]
		if one == nil {
			id := strings.ReplaceAll(strings.ReplaceAll(rest, ".", "/"), "_", "-")
			one = &rule{id: id, query: "data." + name}
			byPackage[name] = one
		}
		for _, said := range module.Rules {
			switch said.Head.Ref()[0].Value.String() {
			case "deny":
				one.deny = true
			case "warn":
				one.warn = true
			}
		}
		for _, annotation := range module.Annotations {
			if annotation.Scope == "package" {
				one.perFinding = annotation.Custom["scope"] == "finding"
				if day, ok := annotation.Custom["effective_on"]; ok {
					one.effectiveOn = fmt.Sprint(day)
				}
			}
		}
	}
	var all []rule
	for _, one := range byPackage {
		all = append(all, *one)
	}
	sort.Slice(all, func(a, b int) bool { return all[a].id < all[b].id })
	return all
}

type scenario struct {
	Args    []string          `toml:"args"`
	Outcome string            `toml:"outcome"`
	Env     map[string]string `toml:"env"`
}

func scenarios(pack, dir, binary, only string) []string {
	entries, err := os.ReadDir(dir)
	check(err)
	var bad []string
	count, verdicts := 0, 0
	prepared := map[string]*evaluator{}
	for _, entry := range entries {
		if !strings.Contains(entry.Name(), only) {
			continue
		}
		place := filepath.Join(dir, entry.Name())
		var situation scenario
		if _, err := toml.DecodeFile(filepath.Join(place, "scenario.toml"), &situation); err != nil {
			bad = append(bad, err.Error())
			continue
		}
		// Errors have no facts, and foreign packages are compared with Conftest, not with this.
		if situation.Outcome == "" || contains(situation.Args, "--namespace") || contains(situation.Args, "--no-builtin") {
			continue
		}
		count++
		given := values(situation.Args, "--policy", place)
		key := strings.Join(given, "\n")
		if prepared[key] == nil {
			prepared[key] = prepare(append([]string{pack}, given...))
		}
		compared, faults := compare(prepared[key], place, situation, binary)
		verdicts += compared
		for _, fault := range faults {
			bad = append(bad, entry.Name()+": "+fault)
		}
	}
	if count == 0 {
		bad = append(bad, "no scenario was found")
	}
	fmt.Printf("OPA decided %d scenarios, %d verdicts, %d differences\n", count, verdicts, len(bad))
	return bad
}

func contains(list []string, word string) bool {
	for _, item := range list {
		if item == word || strings.HasPrefix(item, word+"=") {
			return true
		}
	}
	return false
}

func values(args []string, flag, place string) []string {
	var found []string
	for index, item := range args {
		if item == flag && index+1 < len(args) {
			value := args[index+1]
			// The layer says whose it is; here all are one.
			for _, layer := range []string{"organisation:", "team:", "repository:"} {
				value = strings.TrimPrefix(value, layer)
			}
			found = append(found, filepath.Join(place, value))
		}
	}
	return found
}

// evaluator holds compiled policies, and the text of given data files.
type evaluator struct {
	compiler *ast.Compiler
	rules    []rule
	admit    []string
	data     map[string]interface{}
}

func prepare(paths []string) *evaluator {
	found := modules(false, paths...)
	compiler := ast.NewCompiler().WithStrict(true)
	compiler.Compile(found)
	if compiler.Failed() {
		check(compiler.Errors)
	}
	ready := &evaluator{compiler: compiler, rules: rules(found), data: map[string]interface{}{}}
	for _, module := range found {
		name := module.Package.Path.String()
		if strings.HasPrefix(name, "data.countersign.admission.") {
			ready.admit = append(ready.admit, name)
		}
	}
	for _, path := range paths {
		if isBundle(path) {
			for root, value := range read(path).Data {
				ready.data[root] = value
			}
			continue
		}
		check(filepath.Walk(path, func(file string, info os.FileInfo, err error) error {
			base := filepath.Base(file)
			if err != nil || info.IsDir() || (base != "data.yaml" && base != "data.yml" && base != "data.json") {
				return err
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			return yaml.Unmarshal(text, &ready.data)
		}))
	}
	return ready
}

// eval gives the value of a query, `nil` where it is undefined.
func (e *evaluator) eval(query string, input interface{}) interface{} {
	result, err := rego.New(rego.Query(query), rego.Compiler(e.compiler), rego.StrictBuiltinErrors(true),
		rego.Store(inmem.NewFromObject(e.data)), rego.Input(input)).Eval(context.Background())
	check(err)
	if len(result) == 0 {
		return nil
	}
	return result[0].Expressions[0].Value
}

func compare(policy *evaluator, place string, situation scenario, binary string) (int, []string) {
	scratch, err := os.MkdirTemp("", "opa")
	check(err)
	defer os.RemoveAll(scratch)
	written := filepath.Join(scratch, "decision.json")
	command := exec.Command(binary, append(append([]string{"check"}, situation.Args...),
		"--output", "json="+written, "--evidence", filepath.Join(scratch, "evidence"))...)
	command.Dir = place
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + scratch}
	for name, value := range situation.Env {
		command.Env = append(command.Env, name+"="+value)
	}
	said, _ := command.CombinedOutput()
	var decision struct {
		Verdicts []struct {
			Rule, Action, Msg string
			Findings          []string
		}
		Gate struct {
			Facts string `json:"facts_digest"`
		}
	}
	text, err := os.ReadFile(written)
	if err != nil {
		return 0, []string{string(said)}
	}
	check(json.Unmarshal(text, &decision))
	hex := strings.TrimPrefix(decision.Gate.Facts, "sha256:")
	blobs, err := filepath.Glob(filepath.Join(scratch, "evidence", "*", "blobs", "sha256", hex))
	check(err)
	if len(blobs) != 1 {
		return 0, []string{fmt.Sprintf("%d blobs hold the facts", len(blobs))}
	}
	text, err = os.ReadFile(blobs[0])
	check(err)
	var facts map[string]interface{}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	check(decoder.Decode(&facts))
	ours := map[string]bool{}
	for _, verdict := range decision.Verdicts {
		if len(verdict.Findings) == 0 {
			verdict.Findings = []string{""}
		}
		for _, finding := range verdict.Findings {
			ours[line(verdict.Rule, verdict.Action, finding, verdict.Msg)] = true
		}
	}
	theirs := policy.verdicts(facts, false)
	if emergency, ok := facts["emergency"].(map[string]interface{}); ok && emergency["kind"] == "rollback" && !refused(theirs) {
		theirs = policy.verdicts(facts, true)
	}
	var faults []string
	for said := range ours {
		if !theirs[said] {
			faults = append(faults, "OPA does not say "+said)
		}
	}
	for said := range theirs {
		if !ours[said] {
			faults = append(faults, "only OPA says "+said)
		}
	}
	faults = append(faults, policy.admission(facts)...)
	sort.Strings(faults)
	return len(ours), faults
}

func line(rule, action, finding, msg string) string {
	return fmt.Sprintf("%s %s [%s] %s", rule, action, finding, msg)
}

// refused says whether the record of an emergency does not stand.
func refused(verdicts map[string]bool) bool {
	for said := range verdicts {
		if strings.HasPrefix(said, "change/emergency deny ") {
			return true
		}
	}
	return false
}

// verdicts evaluates every rule; in a rollback whose record stands, what would block is a warning that says so.
func (e *evaluator) verdicts(facts map[string]interface{}, rollback bool) map[string]bool {
	said := map[string]bool{}
	profile := facts["profile"].(map[string]interface{})
	modes, _ := profile["rules"].(map[string]interface{})
	today := facts["now"].(string)[:10]
	exceptions := map[string]interface{}{}
	for _, record := range facts["exceptions"].([]interface{}) {
		exceptions[record.(map[string]interface{})["id"].(string)] = record
	}
	for _, rule := range e.rules {
		if modes[rule.id] == "off" {
			continue
		}
		inputs := []map[string]interface{}{facts}
		if rule.perFinding {
			inputs = nil
			for _, finding := range facts["findings"].([]interface{}) {
				input := map[string]interface{}{}
				for key, value := range facts {
					input[key] = value
				}
				input["finding"] = finding
				input["exception"] = nil
				if id, ok := finding.(map[string]interface{})["exception"].(string); ok {
					input["exception"] = exceptions[id]
				}
				inputs = append(inputs, input)
			}
		}
		for _, input := range inputs {
			for _, part := range []struct {
				name    string
				defined bool
			}{{"deny", rule.deny}, {"warn", rule.warn}} {
				if !part.defined {
					continue
				}
				action := part.name
				if modes[rule.id] == "warn" || (rule.effectiveOn != "" && today < rule.effectiveOn) {
					action = "warn"
				}
				members, _ := e.eval(rule.query+"."+part.name, input).([]interface{})
				for _, member := range members {
					finding, msg := "", ""
					switch verdict := member.(type) {
					case string:
						msg = verdict
					case map[string]interface{}:
						msg, _ = verdict["msg"].(string)
						finding, _ = verdict["finding"].(string)
					}
					if rule.perFinding {
						about := input["finding"].(map[string]interface{})
						finding = about["id"].(string)
						msg = fill(msg, about)
					}
					if rollback && action == "deny" {
						id := facts["emergency"].(map[string]interface{})["id"].(string)
						said[line(rule.id, "warn", finding, msg+"; ships as the rollback "+id)] = true
						continue
					}
					said[line(rule.id, action, finding, msg)] = true
				}
			}
		}
	}
	return said
}

var placeholder = regexp.MustCompile(`\{(id|title|package|version|path|line|severity|rule|fixed_in|owner)\}`)

// fill does once what the binary does with placeholders.
func fill(msg string, finding map[string]interface{}) string {
	at := func(keys ...string) string {
		var value interface{} = finding
		for _, key := range keys {
			object, ok := value.(map[string]interface{})
			if !ok {
				return ""
			}
			value = object[key]
		}
		switch value := value.(type) {
		case string:
			return value
		case json.Number:
			return value.String()
		case []interface{}:
			var parts []string
			for _, part := range value {
				parts = append(parts, fmt.Sprint(part))
			}
			return strings.Join(parts, ", ")
		}
		return ""
	}
	return placeholder.ReplaceAllStringFunc(msg, func(name string) string {
		switch name {
		case "{package}":
			return orElse(at("package", "name"))
		case "{version}":
			return orElse(at("package", "version"))
		case "{fixed_in}":
			return orElse(at("package", "fixed_in"))
		case "{path}":
			return orElse(at("location", "path"))
		case "{line}":
			return orElse(at("location", "line"))
		case "{rule}":
			return orElse(at("rule", "id"))
		default:
			key := strings.Trim(name, "{}")
			return orElse(at(key))
		}
	})
}

// orElse is the text, or what stands for a value that the finding does not have.
func orElse(text string) string {
	if strings.TrimSpace(text) == "" {
		return "-"
	}
	return text
}

// admission asks again which exceptions and statements count, from the facts as they were before the answer.
func (e *evaluator) admission(facts map[string]interface{}) []string {
	before := map[string]interface{}{}
	for key, value := range facts {
		before[key] = value
	}
	for _, list := range []string{"exceptions", "vex"} {
		var records []interface{}
		for _, record := range facts[list].([]interface{}) {
			reset := map[string]interface{}{}
			for key, value := range record.(map[string]interface{}) {
				reset[key] = value
			}
			reset["admitted"] = false
			records = append(records, reset)
		}
		before[list] = records
	}
	admitted, denied := map[string]bool{}, map[string]bool{}
	for _, name := range e.admit {
		ids, _ := e.eval(name+".admit", before).([]interface{})
		for _, id := range ids {
			admitted[id.(string)] = true
		}
		faults, _ := e.eval(name+".deny", before).([]interface{})
		for _, fault := range faults {
			fields := fault.(map[string]interface{})
			id, ok := fields["exception"].(string)
			if !ok {
				id = fields["statement"].(string)
			}
			denied[id] = true
		}
	}
	var faults []string
	for _, list := range []string{"exceptions", "vex"} {
		for _, record := range facts[list].([]interface{}) {
			fields := record.(map[string]interface{})
			id := fields["id"].(string)
			theirs := admitted[id] && !denied[id] && (list == "vex" || fields["in_force"].(bool))
			if theirs != fields["admitted"].(bool) {
				faults = append(faults, fmt.Sprintf("admission of %s: ours %v, OPA's %v", id, fields["admitted"], theirs))
			}
		}
	}
	return faults
}
