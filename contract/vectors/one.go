package vectors

import "fmt"

// Parse reads one story that is in no file of ours, named GROUP/NAME as it names itself, with the same defaults and as strictly as Load does.
func Parse(name string, data []byte) (*Story, error) {
	text, err := files.ReadFile("defaults.json")
	if err != nil {
		return nil, fmt.Errorf("read the defaults: %w", err)
	}
	def, err := parseDefaults(text)
	if err != nil {
		return nil, fmt.Errorf("defaults.json: %w", err)
	}
	return parse(name, data, def)
}
