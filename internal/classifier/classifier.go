// Package classifier guesses the reason of a text that no phrase of the taxonomy
// recognises. It learns from examples: messages with their reasons.
//
// A [Model] is a linear classifier over the words of a text, pairs of words, and
// groups of three to five letters. [Train] computes its weights, and measures by
// cross-validation how often it is right. Each reason gets the lead over
// the next class from which 95% of its guesses were right. Below it the model
// abstains: its guess is not sure.
package classifier
