package postmortem

// Sketch writes the postmortem that would be begun now, as Markdown, without beginning it.
func Sketch(in Input) (string, error) {
	f, err := FactsOf(in)
	if err != nil {
		return "", err
	}
	r, _, err := Begin(f, in.Incident, in.At, machine)
	if err != nil {
		return "", err
	}
	return Write(r).Markdown(), nil
}
