package voice

import (
	"slices"
	"strings"
)

// The words that are recorded besides digits, letters and ordinals: those of the embedded scripts, those that are common
// in addresses, and those of the lab. Every word costs 4 kB, and a word that is not here is spelled.
const (
	sentenceWords = `a address again an and another answered are at be call called calling cannot center centre code
		communications completed control dash dialled emergency end find five for from goodbye hang have hear hello help
		i is it letter location may me national no not number of one or own person please plus police press
		reach reached read received registered repeat service simulated slash star state system telephone test thank
		that the there this to triple try unknown up voice was we what where will you your zip safety public answering
		ambulance fire could been as coordinates latitude longitude meters minus name point within`
	addressWords = `apartment avenue basement boulevard broadway building circle court drive east floor fort ground
		highway lane level lobby main market mount north number park parkway place plaza rear road room route saint
		south square street strasse suite terrace unit way west rue du platz etage front door side`
	placeWords = `san francisco new york oakland newark ottawa gatineau london manchester dublin cork sydney melbourne
		paris versailles berlin potsdam vienna wien polten los angeles chicago seattle boston toronto
		harrison laurier downing kildare george faubourg honore der republik ballhausplatz leitstelle plateforme
		united states kingdom city canada ireland australia france germany austria
		raleigh wake durham carolina elm campus broad alice bob callbox
		california texas florida illinois jersey washington massachusetts ontario quebec wales victoria`
)

// Vocabulary returns every word and letter that is to be recorded, sorted.
func Vocabulary() []string {
	words := slices.Concat(strings.Fields(sentenceWords), strings.Fields(addressWords), strings.Fields(placeWords),
		digitWords[:], firstOrdinals[1:], tens[2:], tenOrdinals[2:], []string{"hundredth"})
	for c := 'A'; c <= 'Z'; c++ {
		words = append(words, string(c))
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// letterNames are the letters as a speech program is given them: one letter alone is often read as a word.
var letterNames = [26]string{
	"ay", "bee", "see", "dee", "ee", "eff", "gee", "aitch", "eye", "jay", "kay", "el", "em", "en", "oh", "pee", "cue", "ar", "ess",
	"tee", "you", "vee", "double you", "ex", "why", "zee",
}

// Spoken returns word as a speech program is given it.
func Spoken(word string) string {
	if len(word) == 1 && word[0] >= 'A' && word[0] <= 'Z' {
		return letterNames[word[0]-'A']
	}
	return word
}
