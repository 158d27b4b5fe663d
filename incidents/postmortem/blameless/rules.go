package blameless

import "regexp"

// rule finds one way of blaming. The finding is the first group of the pattern, or all of it without a group.
type rule struct {
	rule    Rule
	pattern *regexp.Regexp
	not     *regexp.Regexp // what is found is fine if this matches it with the words behind it
	why     string
	better  string
}

// Parts of patterns.
const (
	// person is a word for somebody, without a name.
	person = `(?:engineers?|developers?|devs?|operators?|on-?call(?:er)?|admins?|administrators?|dbas?|sres?|interns?|contractors?|technicians?|reviewers?|` +
		`authors?|commanders?|responders?|leads?|scribe|teams?|managers?|colleagues?|persons?|somebody|someone|employees?|staff|juniors?|newcomers?|hires?|` +
		`programmers?|architects?|testers?|owners?|he|she|we|i|you)`
	// nobody is the absence of one.
	nobody = `(?:nobody|no[ -]one|none of (?:us|them|the (?:engineers|developers|reviewers|responders))|not one (?:engineer|developer|reviewer|person))`
	// between may stand between somebody and what they did.
	between = `(?: (?:on[ -]call|on (?:duty|shift)|who|had|has|have|was|were|also|then|again|once|just|simply|clearly|apparently|completely|repeatedly|` +
		`totally|even|still|later|first|of the|in charge|there|at the time|on the (?:[a-z]+ )?team|from the (?:[a-z]+ )?team|responsible|carelessly))*`
	// did are acts told as failures.
	did = `(?:failed to|forgot(?:ten)?\b|neglected|ignored|overlooked|missed|misread|misunderstood|misjudged|misconfigured|mistyped|mishandled|misdiagnosed|` +
		`mistakenly|wrongly|incorrectly|inadvertently|erroneously|unwittingly|broke\b|caused|crashed|took down|brought down|wiped|panicked|rushed|skipped|bypassed|` +
		`violated|disregarded|dismissed|refused|chose not to|assumed|jumped to|lacked|blindly|` +
		`made (?:a|an|the|another|several|some) (?:[a-z]+ )?(?:mistakes?|errors?|typo|wrong|bad|poor)|` +
		`(?:did not|didn't|never) (?:even |properly |really |bother(?:ed)? to )?(?:bother|check|test|read|follow|notic|verif|think|thought|understand|understood|` +
		`know|knew|realis|realiz|pay|paid|care|cared|review|look|escalat|communicat|consider|validat|question|spot|remember|ask|updat|document|listen)[a-z]*|` +
		`(?:was|were) (?:too |so )?(?:careless|negligent|lazy|sloppy|unaware|distracted|inattentive|incompetent|overconfident|not paying|not careful|slow to)|wasn't paying|weren't paying)`
)

func words(pattern string) *regexp.Regexp { return regexp.MustCompile(`(?i)\b(?:` + pattern + `)\b`) }

// rules are tried in this order; of findings that overlap, the one that begins first stays.
var rules = []rule{
	{
		rule: HumanError,
		pattern: words(`(?:human|operator|user|pilot|engineer|developer|admin|manual|people|personnel|staff|typing|typist) (?:errors?|mistakes?|failure|fault)|errors? of judge?ment|` +
			`fat[ -]?finger(?:ed|s|ing)?|pebkac|layer 8|wetware|human factors? (?:was|were|is) (?:the|to)|error (?:between|in front of) (?:the )?(?:chair|keyboard)|(?:root )?cause (?:was|is) (?:a |the |an )?(?:person|human|` + person + `)`),
		not:    regexp.MustCompile(`(?i)^(?:user|operator|manual) errors? (?:messages?|rates?|pages?|codes?|responses?|dialogs?|texts?|counts?|handling|budget)\b`),
		why:    "A person is never the root cause: the system let one slip do harm, and will let the next one.",
		better: "Say what made it easy to do and hard to notice: “The command took any host name and asked for no confirmation.”",
	},
	{
		rule:    ShouldHave,
		pattern: words(`(?:should|ought to|must) (?:not |never |really |also |always )?have|should(?:n't|n’t)? (?:not )?have|should've|should’ve|shouldn't've|oughtn't to have|(?:was|were) supposed to|(?:was|were) expected to (?:know|notice|check|read|follow)|needed to have|(?:had|ought) to know better|knew better|know better|(?:is|was|were) (?:his|her|their|our|my) (?:job|duty|responsibility)|could be expected (?:of|from)`),
		// What something has to own is no judgement: "must have a label".
		not:    regexp.MustCompile(`(?i)^(?:should|must|ought to) (?:not |never |really |also |always )?have (?:an?|the|no|any|at least|at most|exactly|more than|its|their|one|two|three|\d+|to|enough|unique|different)\b`),
		why:    "It judges a decision by what was known only later, and does not say why the decision made sense then.",
		better: "Say what happened and what led to it: “The change went out without a canary, because the pipeline makes that optional.”",
	},
	{
		rule: Counterfactual,
		pattern: regexp.MustCompile(`(?i)\b((?:would|could|might)(?:n't|n’t)? (?:not |never |easily |probably |also |still |simply |well )*have(?: been)?(?: \w+)?|(?:would|could|might)(?:'ve|’ve)|if only|` +
			`if (?:\w+ ){1,6}had(?:n't|n’t)?(?: \w+){1,2}|(?:avoidable|preventable)|failure to \w+|lack of (?:care|attention|diligence|discipline|ownership|knowledge|testing|communication))\b|(?:^|[.;!?,]\s+)(had (?:the|we|they|he|she|somebody|someone|anyone|anybody|it|this|our|there|any) (?:\w+ ){0,5}?(?:been|not|\w+ed|run|read|known|set|kept|made|taken|seen|had)\b)`),
		not:    regexp.MustCompile(`(?i)could have (?:been|made it) (?:much )?(?:worse|longer)`),
		why:    "What would have been did not happen, and takes the place of what did.",
		better: "Say what happened; what is to be different becomes an action item: “No check compared the two files. AI: add one.”",
	},
	{
		rule: Blame,
		pattern: words(`(?:is|was|are|were|be|been) (?:solely |entirely |partly |clearly |really |mainly )?(?:to blame|at fault)|blam(?:e|es|ed|ing) (?:on|for|lies|the|him|her|them|` + person + `)|` +
			`(?:his|her|their|my|your|\w+['’]s?) (?:own )?(?:fault|mistakes?|carelessness|negligence|incompetence|oversight|ignorance|laziness|blunder|poor judge?ment|bad judge?ment|lack of \w+)|` +
			`careless(?:ly|ness)?|negligen(?:t|tly|ce)|sloppy|sloppily|sloppiness|lazy|lazily|laziness|incompeten(?:t|ce)|stupid(?:ly|ity)?|reckless(?:ly|ness)?|irresponsib(?:le|ly)|foolish(?:ly)?|dumb|idiot(?:ic)?|` +
			`clueless|ignoran(?:t|ce)|unprofessional(?:ly)?|amateurish|inexcusable|unforgivable|blunder(?:ed|s)?|botched|screwed up|screw-?up|messed up|dropped the ball|asleep at the wheel|cut corners|cutting corners|culprit|guilty|` +
			`mistakenly|accidentally|by mistake|absent-?minded(?:ly)?|thoughtless(?:ly)?|disciplinary|reprimand(?:ed)?|(?:held|hold \w+|holding \w+) (?:personally )?(?:accountable|responsible)|who (?:did|broke|caused) (?:this|it|that)|poor judge?ment|bad judge?ment|incompetently|inattention|complacen(?:t|cy)`),
		why:    "The word judges a person. People who expect to be judged say less the next time, and the system stays as it is.",
		better: "Tell what happened without a judgement, by role, and what the system did: “The deletion applied to production, because both consoles look alike.”",
	},
	{
		rule:    Blame,
		pattern: regexp.MustCompile(`(?i)\b((?:the |an? |our |this |one |another )?(?:[a-z]+[ -]){0,2}?` + person + between + ` ` + did + `)`),
		why:     "It tells the act of a person as a failure. What they saw and what the system allowed explains more.",
		better:  "Make the system the subject: instead of “the engineer forgot to run the tests”, “the merge did not need the tests to pass”.",
	},
	{
		rule: Blame,
		pattern: words(nobody + ` (?:even |had |ever |at all |bothered to |thought to |cared to )*(?:bothered|checked|tested|noticed|reviewed|thought|cared|looked|read|verified|questioned|asked|remembered|documented|took ownership|took responsibility|spotted|owned|escalated|listened|updated)|` +
			`(?:caused|broken|introduced|committed|deleted|dropped|overwritten|leaked|wiped|crashed|taken down|brought down|ignored|overlooked|forgotten|missed|misconfigured|skipped) by (?:an?|the|our|one|another|some|his|her)?(?: ?[a-z]+){0,2}? ?` + person),
		why:    "It tells the act of a person as a failure. What they saw and what the system allowed explains more.",
		better: "Say what the system did not show or check: “No alert covers the queue, and the page for it is not on the dashboard.”",
	},
	{
		rule: Hindsight,
		pattern: words(`obvious(?:ly)?|common sense|of course|needless to say|any (?:competent|reasonable|good|experienced|decent|sane) (?:engineer|developer|operator|person|admin|sre)|any(?:one|body) (?:would|could|can|with)|every(?:one|body) knows|as everyone knows|rookie|beginner'?s?|basic mistake|` +
			`trivial(?:ly)? (?:mistake|to (?:avoid|prevent|notice|spot))|simple mistake|silly|clearly (?:visible|documented|stated|marked|wrong|a mistake|should|showed|indicated|warned)|in hindsight|with hindsight|easily (?:avoided|prevented|noticed|spotted|caught|seen)|plain(?:ly)? (?:visible|to see|wrong)|should be obvious|how could (?:anyone|they|he|she)|all (?:he|she|they|we|you) had to do|there was no excuse|no excuse`),
		why:    "It is plain only now that the end is known. Those who worked on it saw many signals, and this one among them.",
		better: "Say what could be seen at the time, where, and next to what: “The graph showed the rise; it is the ninth on the page.”",
	},
	{
		rule: Careful,
		pattern: words(`(?:be|being|been|get|become) (?:much |far |a lot |a bit )?more (?:careful|attentive|vigilant|diligent|cautious|mindful|disciplined|thorough|alert|aware|responsible)|more care\b|(?:take|taking|with) (?:more|greater|better|extra) care|(?:pay|paying) (?:more|closer|better|extra|greater) attention|try(?:ing)? harder|` +
			`re-?train(?:ed|ing)? (?:the|all|our|every|him|her|them|staff|engineers|operators)|remind(?:ed|ing)? (?:the |all |our |every )?(?:\w+ )?(?:teams?|engineers?|everyone|everybody|staff|developers?|people|operators?|on-?call|him|her|them|reviewers?)|(?:must|should|always|will|need to|have to) (?:always )?(?:double|triple)[ -]?check|(?:stay|remain|be) vigilant|think (?:twice|before)|more discipline|try not to|make sure (?:not to|nobody|no one|everyone|everybody|people|engineers)|never (?:again|do (?:this|that) again)|not (?:let|allow) (?:this|it) happen again|raise awareness|awareness training|(?:be|is|are) careful(?: (?:when|with|not|to|about|in))?|(?:must|need to|have to|should|will) remember to|better (?:discipline|attention)`),
		why:    "Nobody meant to be careless, and attention does not last. It changes nothing that will be there next time.",
		better: "Name a change that works on a tired person at night: a check, a limit, a confirmation, an alert.",
	},
	{
		rule: Unsupported,
		pattern: words(`(?:most )?(?:probably|presumably|apparently|supposedly|allegedly|arguably|undoubtedly|no doubt)|(?:very |most )?likely (?:because|caused|due|the|that|led|made)|(?:we|i|they|some|many|people) (?:believe|think|suspect|guess|assume|suppose|feel)\b|it (?:is|was) (?:believed|thought|assumed|said|suspected)|` +
			`seems? to (?:have|be)|seemed to|appears to have|must've|for some reason|somehow|rumou?r|as far as (?:we|anyone) (?:know|can tell|knows)|everybody agrees|it is said`),
		why:    "It is a guess, or hearsay, and stands there as if it were known.",
		better: "Add what shows it (a graph, a log line, a commit), or write it as an open question.",
	},
}
