package classifier

// settings are the choices of features and training. [chosen] has those that were
// best in cross-validation; tests vary them.
type settings struct {
	// Weights of the kinds of features.
	word, pair, skip, char, not, bias float32
	shortestGram, longestGram         int // letters

	epochs    int
	rate      float32 // of the first epoch
	balance   float64 // 0 leaves classes as they are; 1 gives each class the same weight
	smoothing float32 // share of the probability that is not the example's class
	ignored   float32 // errors below it change nothing
	dropout   float32 // share of the features left out of a training step
	smallest  int8    // weights below it are not stored

	prior  float64 // strength of the overall precision against that of one reason, in examples
	target float64 // precision at which a reason is sure
}

var chosen = settings{
	word: 1, pair: 0.7, skip: 0.5, char: 2, not: 0.5, bias: 0.3,
	shortestGram: 3, longestGram: 5,
	epochs: 12, rate: 1, balance: 0.5, smoothing: 0.05, ignored: 0.002, smallest: 1,
	prior: 10, target: 0.95,
}
