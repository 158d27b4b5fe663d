// Package blameless reads what people write in a postmortem and advises where it blames: words that judge, names, "should
// have", "human error", what would have been, hindsight, appeals to be careful, claims without evidence, and action items of
// which none detects or prevents.
//
// It is a fixed set of rules over the words of English sentences, without any state: the same text gives the same
// findings. Each finding says where, why, and how to say it better. It advises and never refuses, because a rule knows no
// context. How often it is right is measured on a corpus of good and bad sentences, a part of which the rules were not
// written with; see BenchmarkBlameless.
//
// The reasons are those of the Google SRE book, chapter 15 (postmortem culture), of the Etsy debriefing facilitation guide
// (counterfactuals, hindsight), and of Dekker's "Field Guide to Understanding Human Error".
package blameless
