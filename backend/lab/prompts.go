package lab

import "slices"

// Uses are what the built-in prompts are for, in the order in which they take turns.
func Uses() []string { return []string{"chat", "writing", "summary", "reasoning", "coding"} }

// prompt is a built-in question.
type prompt struct{ use, text string }

// builtIn returns the built-in prompts for a use, or of all uses in turn.
func builtIn(use string) []prompt {
	all := map[string][]string{
		"chat": {
			"What should I look at first when I buy a used bicycle?",
			"Explain to a ten-year-old why the sky is blue in the day and red in the evening.",
			"I slept badly for a week. What could I try tonight, and what tomorrow?",
			"What is the difference between weather and climate? Give one example of each.",
			"How do I ask my neighbour politely to turn the music down?",
			"Name three things to see in Lisbon in one day, and say why each is worth it.",
			"Why does bread rise, and what makes it fall again in the oven?",
			"What are good questions to ask at the end of a job interview?",
			"How does a lighthouse keeper's day look? Tell it hour by hour.",
			"What happens in my body when I hold my breath?",
		},
		"writing": {
			"Write a short story about a clock that runs backwards in a small railway station.",
			"Write a letter in which a gardener thanks the rain after a dry summer.",
			"Describe a market in the early morning so that a blind reader can picture it.",
			"Write the opening of a detective story that begins with a missing umbrella.",
			"Write a short speech for a friend's fiftieth birthday. Warm, and a little funny.",
			"Write a dialogue between a river and the bridge that crosses it.",
			"Write a friendly email that tells customers that a delivery will be a week late.",
			"Write a poem of three verses about an old map.",
		},
		"summary": {
			"Summarize in three sentences how a bill becomes a law in a parliament with two chambers.",
			"Sum up the story of Robinson Crusoe for somebody who has never heard of it.",
			"Give the main points of how vaccines work, in five short bullet points.",
			"Summarize the causes of the First World War in one paragraph.",
			"What are the main arguments for and against school uniforms? Two sentences for each side.",
			"Sum up how the water cycle works, from the sea and back to it.",
			"Give a short summary of what a budget is and why a family may want one.",
		},
		"reasoning": {
			"A train leaves at 9:40 and arrives at 13:05 with a stop of 25 minutes. How long does it move? Show the steps.",
			"Anna is older than Ben. Ben is older than Carl. Dora is younger than Carl. Who is second oldest, and why?",
			"A shirt costs 40 after a discount of 20 percent. What did it cost before? Explain.",
			"If all birds lay eggs and a platypus lays eggs, is a platypus a bird? Explain the mistake.",
			"I have three boxes and each label is wrong. How can I find out what is in each by opening only one?",
			"A snail climbs 3 metres each day and slips 2 each night. On which day is it out of a well of 10 metres?",
			"How many handshakes are there when six people each shake hands once with everybody else? Explain.",
		},
		"coding": {
			"Write a Python function that says whether a word is the same read backwards, and explain it.",
			"What is the difference between a list and a tuple in Python? Show one use of each.",
			"Write a shell command that finds the ten largest files below a folder, and explain each part.",
			"Write a function in JavaScript that removes duplicates from an array and keeps the order.",
			"Explain what a race condition is, with a small example and a way to mend it.",
			"Write an SQL query that gives the three customers with the most orders in a year.",
			"What does this regular expression match: ^[a-z]+(-[a-z]+)*$ ? Give two examples and one that fails.",
		},
	}
	if list := all[use]; list != nil {
		out := make([]prompt, len(list))
		for i, text := range list {
			out[i] = prompt{use, text}
		}
		return out
	}
	var out []prompt
	for i := 0; ; i++ {
		before := len(out)
		for _, u := range Uses() {
			if i < len(all[u]) {
				out = append(out, prompt{u, all[u][i]})
			}
		}
		if len(out) == before {
			return slices.Clip(out)
		}
	}
}
