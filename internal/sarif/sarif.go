package sarif

// Schema and Version are of every log that is written.
const (
	Schema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	Version = "2.1.0"
)

// Log is a whole file.
type Log struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    []Run  `json:"runs"`
}

// Of is the log of one run.
func Of(r Run) Log { return Log{Schema, Version, []Run{r}} }

// Run is what one tool did once. Results is never null where it has looked: a run without the field has found nothing because it did not look.
type Run struct {
	Tool        Tool         `json:"tool"`
	Invocations []Invocation `json:"invocations,omitempty"`
	Results     []Result     `json:"results"`
}

// Tool is who looked.
type Tool struct {
	Driver Driver `json:"driver"`
}

// Driver is the tool itself, with its rules.
type Driver struct {
	Name           string `json:"name"`
	Version        string `json:"version,omitempty"`
	InformationURI string `json:"informationUri"`
	Rules          []Rule `json:"rules"`
}

// Rule is what can be found.
type Rule struct {
	ID               string      `json:"id"`
	ShortDescription Message     `json:"shortDescription"`
	FullDescription  *Message    `json:"fullDescription,omitempty"`
	Default          *Setting    `json:"defaultConfiguration,omitempty"`
	HelpURI          string      `json:"helpUri,omitempty"`
	Properties       *Properties `json:"properties,omitempty"`
}

// Setting is how a rule is reported where a result does not say.
type Setting struct {
	Level string `json:"level,omitempty"`
}

// Properties are GitHub's.
type Properties struct {
	Severity string   `json:"security-severity"` // 0.1 to 10.0
	Tags     []string `json:"tags"`
}

// Invocation is how a run went.
type Invocation struct {
	ExecutionSuccessful bool   `json:"executionSuccessful"`
	ExitCode            int    `json:"exitCode"`
	StartTimeUTC        string `json:"startTimeUtc"`
}

// Result is one finding.
type Result struct {
	RuleID       string        `json:"ruleId"`
	RuleIndex    int           `json:"ruleIndex"`
	Kind         string        `json:"kind,omitempty"`
	Level        string        `json:"level"`
	Message      Message       `json:"message"`
	Locations    []Location    `json:"locations,omitempty"`
	Suppressions []Suppression `json:"suppressions,omitempty"`
}

// Suppression is why a result is borne.
type Suppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification"`
}

// Message is a text.
type Message struct {
	Text string `json:"text"`
}

// Location is where a result is: a file, or something that has a name.
type Location struct {
	Physical *Physical `json:"physicalLocation,omitempty"`
	Logical  []Logical `json:"logicalLocations,omitempty"`
}

// Logical is a name.
type Logical struct {
	Name string `json:"fullyQualifiedName"`
}

// Physical is a place in a file.
type Physical struct {
	Artifact Artifact `json:"artifactLocation"`
	Region   *Region  `json:"region,omitempty"`
}

// Artifact is a file, by a URI from the root of the tree.
type Artifact struct {
	URI string `json:"uri"`
}

// Region is where in a file, from line 1.
type Region struct {
	StartLine int `json:"startLine"`
}
