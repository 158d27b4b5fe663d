package probe

import "fmt"

// from takes the value out of an answer.
func (c *capture) from(a *answer) (value string, ok bool) {
	switch {
	case c.json != nil:
		doc, err := decodeJSON(a.body)
		if err != nil {
			return "", false
		}
		found, there := c.json.find(doc)
		if value, ok = textOf(found); !there {
			ok = false
		}
	case c.header != "":
		value = a.Header.Get(c.header)
		ok = value != ""
	case c.cookie != "":
		for _, cookie := range a.Cookies() {
			if cookie.Name == c.cookie {
				value, ok = cookie.Value, true
			}
		}
	default:
		var groups [][]byte
		if groups = c.regex.FindSubmatch(a.body); groups != nil {
			value, ok = string(groups[min(1, len(groups)-1)]), true
		}
	}
	return value, ok && len(value) <= maxCapture
}

// source says in words where the value comes from.
func (c *capture) source() string {
	switch {
	case c.json != nil:
		return fmt.Sprintf("text, number, true or false at %s in the body", c.json.text)
	case c.header != "":
		return "header " + c.header
	case c.cookie != "":
		return "cookie " + c.cookie
	default:
		return fmt.Sprintf("match of %q in the body", c.regex)
	}
}
