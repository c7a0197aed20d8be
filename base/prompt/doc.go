// Package prompt makes text that came from sources - tickets, logs, code, wiki pages - fit to stand in the prompt of a
// language model.
//
// [Clean] takes away what a reader does not see and a model would read. [Mark] says where such text begins and ends, so
// that it cannot pass for an instruction; [Rule] explains the marker to the model. [Pseudonyms] puts placeholders in the
// place of secrets and personal data, and the values back into what the model answers.
//
// The usual order is Hide, then Mark, which cleans; the answer goes through Reveal:
//
//	var names prompt.Pseudonyms
//	system := instructions + "\n" + prompt.Rule
//	user := prompt.Mark("jira:LD-1", names.Hide(prompt.Clean(ticket)))
//	fmt.Println(names.Reveal(answer))
//
// Clean comes before Hide as well, for a character that nobody sees could tear a secret into two halves.
package prompt
