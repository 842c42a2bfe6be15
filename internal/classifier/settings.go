package classifier

// settings are the choices of features and training. [chosen] has those that were
// best in cross-validation and on texts of other authors.
type settings struct {
	// values are the weights of the kinds of features.
	values                    [kinds]float32
	shortestGram, longestGram int // letters

	epochs    int
	rate      float32 // of the first epoch
	balance   float64 // 0 leaves classes as they are; 1 gives each class the same weight
	smoothing float32 // share of the probability that training leaves to all classes
	ignored   float32 // errors below it change nothing

	caution float64 // wrong predictions that are assumed in addition to those seen
	prior   float64 // strength of the overall precision against that of one reason, in examples
}

var chosen = settings{
	values: [kinds]float32{
		wordFeature: 1, pairFeature: 0.7, gramFeature: 2, negatedFeature: 0.5,
		conceptFeature: 0.7, conceptPairFeature: 1.2, languageFeature: 0.3,
	},
	shortestGram: 4, longestGram: 5,
	epochs: 20, rate: 1, balance: 0.5, smoothing: 0.1, ignored: 0.002,
	caution: 0.25, prior: 100,
}
