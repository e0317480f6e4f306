// Command description writes what Mattermost's plugin API looks like: the methods of plugin.API, the hooks of
// plugin.Hooks, and the fields of every type that travels with them, one per line.
//
// `cargo xtask api` generates Rust from this description, so that building the plugin needs no Go.
//
// Run:  go run . > ../../host/rpc/api/description.json
package main

import (
	"cmp"
	"encoding"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/lib/pq"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

const library = "github.com/mattermost/mattermost/server/public"

// method is one method of plugin.API or plugin.Hooks. Types are written as in Go, with the package's name.
type method struct {
	Name       string      `json:"name"`
	Tag        string      `json:"tag,omitempty"`
	Since      string      `json:"since,omitempty"`
	Parameters [][2]string `json:"parameters,omitempty"`
	Variadic   bool        `json:"variadic,omitempty"`
	Results    []string    `json:"results,omitempty"`
	Doc        string      `json:"doc,omitempty"`
}

// named is a type with a name: a struct with the fields that gob sends, or another name for a type.
type named struct {
	Name   string      `json:"name"`
	Is     string      `json:"is,omitempty"`
	Opaque bool        `json:"opaque,omitempty"`
	Fields [][2]string `json:"fields,omitempty"`
}

// source is what reflection does not tell about a method.
type source struct {
	doc        string
	parameters []string
}

func main() {
	if err := describe(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func describe(out io.Writer) error {
	types := map[string]named{}
	api, err := methods("api.go", "API", reflect.TypeFor[plugin.API](), types)
	if err != nil {
		return err
	}
	hooks, err := methods("hooks.go", "Hooks", reflect.TypeFor[plugin.Hooks](), types)
	if err != nil {
		return err
	}
	// These travel inside values of the type any, where reflection cannot find them.
	for _, value := range []any{
		model.AutocompleteDynamicListArg{}, model.AutocompleteStaticListArg{}, model.AutocompleteTextArg{},
		plugin.ErrorString{}, pq.Error{},
	} {
		visit(reflect.TypeOf(value), types)
	}
	sorted := slices.SortedFunc(maps.Values(types), func(a, b named) int { return cmp.Compare(a.Name, b.Name) })
	version, err := json.Marshal(libraryVersion())
	if err != nil {
		return err
	}
	sections := []struct {
		name string
		rows []any
	}{{"api", rows(api)}, {"hooks", rows(hooks)}, {"types", rows(sorted)}}
	if _, err := fmt.Fprintf(out, "{\n\"version\": %s", version); err != nil {
		return err
	}
	for _, section := range sections {
		lines := make([]string, 0, len(section.rows))
		for _, row := range section.rows {
			line, err := json.Marshal(row)
			if err != nil {
				return err
			}
			lines = append(lines, string(line))
		}
		if _, err := fmt.Fprintf(out, ",\n\"%s\": [\n%s\n]", section.name, strings.Join(lines, ",\n")); err != nil {
			return err
		}
	}
	_, err = fmt.Fprint(out, "\n}\n")
	return err
}

func rows[T any](values []T) []any {
	all := make([]any, 0, len(values))
	for _, value := range values {
		all = append(all, value)
	}
	return all
}

func libraryVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == library {
				return dependency.Version
			}
		}
	}
	return ""
}

func methods(file, name string, face reflect.Type, types map[string]named) ([]method, error) {
	sources, err := read(file, name)
	if err != nil {
		return nil, err
	}
	all := make([]method, 0, face.NumMethod())
	for i := range face.NumMethod() {
		reflected := face.Method(i)
		about, ok := sources[reflected.Name]
		if !ok {
			return nil, fmt.Errorf("%s has no method %s", file, reflected.Name)
		}
		found := method{Name: reflected.Name, Variadic: reflected.Type.IsVariadic()}
		found.Doc, found.Tag, found.Since = split(about.doc)
		for i := range reflected.Type.NumIn() {
			parameter := reflected.Type.In(i)
			found.Parameters = append(found.Parameters, [2]string{about.parameters[i], text(parameter)})
			visit(parameter, types)
		}
		for i := range reflected.Type.NumOut() {
			result := reflected.Type.Out(i)
			found.Results = append(found.Results, text(result))
			visit(result, types)
		}
		all = append(all, found)
	}
	return all, nil
}

// read finds the comments and the names of parameters of an interface in the library's source.
func read(file, name string) (map[string]source, error) {
	found, err := build.Import(library+"/plugin", ".", build.FindOnly)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(found.Dir, file), nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	sources := map[string]source{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		declared, ok := node.(*ast.TypeSpec)
		if !ok || declared.Name.Name != name {
			return true
		}
		face, ok := declared.Type.(*ast.InterfaceType)
		if !ok {
			return true
		}
		for _, field := range face.Methods.List {
			function, ok := field.Type.(*ast.FuncType)
			if !ok {
				continue
			}
			about := source{doc: field.Doc.Text()}
			for _, parameter := range function.Params.List {
				for _, name := range parameter.Names {
					about.parameters = append(about.parameters, name.Name)
				}
			}
			sources[field.Names[0].Name] = about
		}
		return false
	})
	return sources, nil
}

var (
	tag   = regexp.MustCompile(`(?m)^@tag (\w+)\s*$`)
	since = regexp.MustCompile(`(?mi)^Minimum server version: *([0-9.]+)\s*$`)
)

// split takes the tag and the version out of a comment, and keeps its first paragraph.
func split(doc string) (first, group, version string) {
	if found := tag.FindStringSubmatch(doc); found != nil {
		group = found[1]
	}
	if found := since.FindStringSubmatch(doc); found != nil {
		version = found[1]
	}
	paragraph, _, _ := strings.Cut(doc, "\n\n")
	paragraph = tag.ReplaceAllString(since.ReplaceAllString(paragraph, ""), "")
	return strings.Join(strings.Fields(paragraph), " "), group, version
}

// text writes a type as Go does, with the names of packages and `any` for the empty interface.
func text(of reflect.Type) string {
	return strings.ReplaceAll(of.String(), "interface {}", "any")
}

// visit notes a type and all types that it leads to.
func visit(of reflect.Type, types map[string]named) {
	if of.Name() != "" && of.PkgPath() != "" {
		if _, ok := types[text(of)]; ok {
			return
		}
		about := named{Name: text(of)}
		types[about.Name] = about
		switch {
		case isOpaque(of):
			about.Opaque = true
		case of.Kind() == reflect.Interface:
			about.Is = "interface"
		case of.Kind() == reflect.Struct:
			for _, field := range reflect.VisibleFields(of) {
				if isSent(field) {
					about.Fields = append(about.Fields, [2]string{field.Name, text(field.Type)})
					visit(field.Type, types)
				}
			}
		default:
			about.Is = underlying(of)
			inside(of, types)
		}
		types[about.Name] = about
		return
	}
	inside(of, types)
}

func inside(of reflect.Type, types map[string]named) {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		visit(of.Elem(), types)
	case reflect.Map:
		visit(of.Key(), types)
		visit(of.Elem(), types)
	}
}

func underlying(of reflect.Type) string {
	switch of.Kind() {
	case reflect.Pointer:
		return "*" + text(of.Elem())
	case reflect.Slice:
		return "[]" + text(of.Elem())
	case reflect.Map:
		return "map[" + text(of.Key()) + "]" + text(of.Elem())
	default:
		return of.Kind().String()
	}
}

// isOpaque tells the types that write themselves.
func isOpaque(of reflect.Type) bool {
	pointer := reflect.PointerTo(of)
	return pointer.Implements(reflect.TypeFor[gob.GobEncoder]()) ||
		pointer.Implements(reflect.TypeFor[encoding.BinaryMarshaler]())
}

// isSent tells the fields that gob sends: those with exported names at the top, but neither channels nor functions.
func isSent(field reflect.StructField) bool {
	kind := field.Type.Kind()
	return field.IsExported() && len(field.Index) == 1 && kind != reflect.Chan && kind != reflect.Func
}
