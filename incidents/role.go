package incidents

// Role is a part that one person plays in the response.
type Role string

const (
	Commander      Role = "commander"      // decides, delegates, holds the whole picture
	Operations     Role = "operations"     // leads the hands on the systems
	Communications Role = "communications" // tells everybody else
	Scribe         Role = "scribe"         // writes down what happens
)

// Roles returns all roles, the most important first.
func Roles() []Role { return []Role{Commander, Operations, Communications, Scribe} }

// Title is the role in words.
func (r Role) Title() string {
	switch r {
	case Commander:
		return "incident commander"
	case Operations:
		return "operations lead"
	case Communications:
		return "communications lead"
	default:
		return string(r)
	}
}
