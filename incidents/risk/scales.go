package risk

// Scale says what the scores of one respect mean, in plain words.
type Scale struct {
	Name     string    // as in the JSON of [Scores]
	Question string    // what is rated
	Levels   [5]string // the meaning of 1 to 5
}

// Scales are the meanings of the scores. They are our choice, worded so that somebody from outside the team can check them.
func Scales() []Scale {
	return []Scale{
		{"compliance", "Rules and contracts", [5]string{
			"no rule or contract is touched", "a promise of our own would be broken", "a customer could complain with reason",
			"a contract would be broken", "a law would be broken"}},
		{"security", "Safety of what people entrust to us", [5]string{
			"nothing could be seen or changed by a stranger", "a stranger could learn little of use", "a stranger could see what one customer wants private",
			"a stranger could see what many customers want private", "a stranger could take over the service or everything in it"}},
		{"blastRadius", "How many people would notice", [5]string{
			"nobody outside the team", "a few customers", "some customers, who have a way around it", "many customers", "nearly every customer"}},
		{"probability", "How soon it may happen", [5]string{
			"hardly within five years", "within five years", "within two years", "within a year", "within a few months"}},
	}
}
