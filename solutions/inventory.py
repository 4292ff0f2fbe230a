"""The concept inventory: twenty questions for before the first day and after the last.

Each wrong option is a misconception that the days correct; each reason names the day that does. The questions are asked
without any verdict before the course, so that they measure what a reader brings along.
"""

from course_utils.exercises import Option, Single


def _item(text: str, *options: tuple[str, str], right: str) -> Single:
    """Options as (text, why); ``right`` is the letter of the one that holds."""
    return Single(
        text, tuple(Option(t, why, i == ord(right) - ord("a")) for i, (t, why) in enumerate(options))
    )


INVENTORY: tuple[Single, ...] = (
    _item(
        "Four of 54 texts are about whales. The best of 4,000 neurons tells them from the others almost perfectly. What follows?",
        (
            "It is the neuron in which the model keeps whales.",
            "separating is not yet meaning, and nothing was held out (day 1).",
        ),
        (
            "Nothing yet: the best of many looks good.",
            "luck can make one of 4,000 nearly perfect on so few; other texts have to judge it (day 1).",
        ),
        (
            "The model needs this neuron for whales.",
            "whether it is needed shows only when it is taken out (day 1).",
        ),
        (
            "Four texts are too few to say anything, whatever comes out.",
            "a bar for luck can be computed, also for four (day 1).",
        ),
        right="b",
    ),
    _item(
        "All activations of a layer are turned by a rotation, and the next layer turns them back. What changes?",
        ("What single neurons tell.", "a direction turns along, an axis does not (day 1)."),
        ("The network's outputs, a little.", "turned there and back, nothing is lost (day 1)."),
        (
            "Nothing that could be measured inside the layer.",
            "single neurons answer to something else now (day 1).",
        ),
        ("How much the layer as a whole knows.", "every reading of it can be turned along (day 1)."),
        right="a",
    ),
    _item(
        "A neuron tells DNA texts from others without a mistake. Setting it to zero hardly raises the loss on DNA. Why?",
        (
            "The test that called it a DNA neuron must have been wrong.",
            "precision and recall were perfect on held-out texts (day 1).",
        ),
        (
            "Zero is the wrong value to set it to.",
            "others carry it as well, whatever this one is set to (day 1).",
        ),
        ("The model does not know about DNA.", "it loses more once ten such neurons are gone (day 1)."),
        ("Telling a thing is not being needed for it.", "others carry it as well (day 1)."),
        right="d",
    ),
    _item(
        "The ten strongest examples of a neuron are all about cats. What do its weaker examples show, in general?",
        ("Mostly other things than cats.", "strong examples flatter a unit (day 2)."),
        ("Cats as well, only less clearly than the ten.", "purity falls fast from the top (day 2)."),
        ("Noise without any pattern.", "other concepts come up, each with a share (day 2)."),
        ("The opposite of cats.", "weaker is nearer to zero, not of the other sign (day 2)."),
        right="a",
    ),
    _item(
        "Why do neurons answer to several unrelated concepts?",
        ("Training was stopped too early.", "where concepts are rare, sharing has the lower loss (day 4)."),
        (
            "The concepts are related, in ways that only the network sees.",
            "made-up concepts without relation do it too (day 4).",
        ),
        ("Sharing can cost less than leaving concepts out.", "where concepts are rare (days 3, 4)."),
        (
            "Neurons are too simple to hold one concept.",
            "one feature for each is easy where there is room (day 4).",
        ),
        right="c",
    ),
    _item(
        "You silence the unit that matters most for cats. What must you look at before you call it a cat unit?",
        ("How much cats lose.", "it was chosen for that (day 2)."),
        ("How much all the rest loses.", "collateral damage tells whose unit it is (day 2)."),
        ("How strongly it fires on cats, and how often.", "firing and harm are two things (day 2)."),
        ("How many units there are in all.", "that changes how much is shared, not what you did (day 2)."),
        right="b",
    ),
    _item(
        "How many directions fit into 100 dimensions if the cosine of every two must stay between -0.4 and 0.4?",
        ("Exactly 100.", "that holds for perfectly perpendicular ones (day 3)."),
        ("About 200.", "one also counts each direction's opposite that way (day 3)."),
        ("About 1,000, ten for each dimension.", "48 dimensions already hold more than that (day 3)."),
        ("Tens of thousands, or more.", "every few dimensions more multiply their number (day 3)."),
        right="d",
    ),
    _item(
        "Features are stored as directions and read off by dot products. What sets the crosstalk in one reading?",
        ("How many are active at once.", "each of them adds its share (day 3)."),
        ("How many features share the space in all.", "the silent ones add nothing (day 3)."),
        ("How long the directions are.", "signal and crosstalk grow alike if all are longer (day 3)."),
        ("How rare the one feature is.", "crosstalk comes from the others (day 3)."),
        right="a",
    ),
    _item(
        "In which place of a transformer would you expect the single coordinates to mean the least?",
        (
            "In the hidden layer of an MLP, behind its nonlinearity.",
            "its nonlinearity acts on each coordinate by itself (day 3).",
        ),
        (
            "In the residual stream, between the layers.",
            "nothing acts there on single coordinates but the optimiser (day 3).",
        ),
        ("Right behind a ReLU.", "a ReLU acts on each coordinate by itself (day 3)."),
        (
            "They mean equally much everywhere.",
            "the best axis beats random directions in an MLP, not in the stream (day 3).",
        ),
        right="b",
    ),
    _item(
        "Five dimensions, twenty features of falling importance, a *linear* output. What does training find?",
        ("All twenty, on directions that overlap a little.", "without a ReLU overlap only costs (day 4)."),
        ("Ten, in pairs of opposites.", "opposites need the ReLU that cuts one of them off (day 4)."),
        ("The five most important, and no other.", "as a principal component analysis does (day 4)."),
        ("None: it needs a nonlinearity.", "five can be kept perfectly (day 4)."),
        right="c",
    ),
    _item(
        "The same model with a ReLU. What makes it put more features into the five dimensions?",
        ("Each feature is on more often than before.", "then they disturb each other more often (day 4)."),
        ("Each feature is stronger.", "a scale of all changes nothing (day 4)."),
        ("Each feature is on less often.", "two that share are seldom on at once (day 4)."),
        ("Training goes on for longer.", "what pays does not depend on it (day 4)."),
        right="c",
    ),
    _item(
        "What does a slightly negative bias do for features in superposition?",
        ("It cuts off small crosstalk, and some signal.", "ReLU and bias make a threshold (days 3, 4)."),
        ("It keeps the weights small.", "that would be weight decay (day 4)."),
        ("It removes all crosstalk, whatever its size or sign.", "large crosstalk passes (day 4)."),
        ("It makes features rarer.", "how rare they are is the data's affair (day 4)."),
        right="a",
    ),
    _item(
        "Many stations send on few channels, few of them at a time. When can every signal be told exactly?",
        ("Only with as many channels as stations.", "sparse signals need far fewer (day 5)."),
        ("Never exactly, only on average.", "below the border it is exact (day 5)."),
        (
            "Whenever no two stations use the same code on the channels.",
            "different codes can still add up alike (day 5).",
        ),
        ("If few enough of them send at once.", "that border is sharp (day 5)."),
        right="d",
    ),
    _item(
        "An L1 penalty on the latents of an autoencoder has a side effect on those that are on. Which?",
        ("They come out too weak.", "weaker is cheaper: shrinkage (day 5)."),
        ("They come out too strong.", "the penalty pulls the other way (day 5)."),
        ("Their decoder directions become shorter.", "these are kept at length 1 (day 5)."),
        ("None, if it is small.", "it is smaller then, but there (day 5)."),
        right="a",
    ),
    _item(
        "Of several dictionaries, one reconstructs the signals best. Does it name the true sources best?",
        (
            "Yes: the error is what it was trained for.",
            "the ranking of the codes can be another one (day 5).",
        ),
        (
            "Yes, if all have the same number of active latents.",
            "even then the order can turn round (day 5).",
        ),
        ("No: what reconstructs best never names them best.", "the two can also agree (day 5)."),
        ("Not necessarily: that is another question.", "both have to be measured (day 5)."),
        right="d",
    ),
    _item(
        "A sparse autoencoder explains 90% of the variance of a layer. What does that say about its latents?",
        ("They are 90% of the model's concepts.", "variance is not counted in concepts (day 6)."),
        ("That nine of ten have a clear meaning.", "meaning has to be judged apart (day 6)."),
        (
            "Little: nonsense can be fitted as well.",
            "a shuffled model is explained as well as the real one (day 6).",
        ),
        (
            "That nothing of importance is left in the error.",
            "the loss with the reconstruction tells that (day 6).",
        ),
        right="c",
    ),
    _item(
        "Which comparison shows best that learned latents are more than a way of compressing?",
        ("With no autoencoder at all.", "everything beats nothing (day 6)."),
        ("With one trained on a shuffled model.", "the same effort without the knowledge (day 6)."),
        ("With an autoencoder of twice the width.", "both would be learned (day 6)."),
        ("With the same one, trained for four times as long.", "that compares it with itself (day 6)."),
        right="b",
    ),
    _item(
        "With four times as many latents, a topic's latent no longer fires on some of its texts. What has most likely happened?",
        ("The training did not converge.", "it happens in converged ones too (days 5, 6)."),
        ("Its texts were given the wrong label from the start.", "the labels are those from before (day 6)."),
        ("A narrower one has taken these over.", "splitting leaves holes behind: absorption (days 5, 6)."),
        ("The latent has died.", "it still fires on others (day 6)."),
        right="c",
    ),
    _item(
        "Turning a latent up makes the model write about bridges. What is shown?",
        (
            "That this push makes it write so.",
            "what it costs, and what a random push would do, is another measurement (day 7).",
        ),
        ("That to the model this latent means bridges.", "what drives is not always what reads (day 7)."),
        ("That the model uses this latent for bridges.", "use is shown by taking it away (day 7)."),
        (
            "That a single neuron would not have done it.",
            "that takes a neuron pushed equally far, as a control (day 7).",
        ),
        right="a",
    ),
    _item(
        "A careful search through a model's latents finds no hidden behaviour. What may you say?",
        ("That there is none.", "one that needs two things at once can escape (day 7)."),
        (
            "That there is none in this layer, whatever the others hold.",
            "even in one layer it tried only some inputs (day 7).",
        ),
        ("Nothing at all.", "what was searched, and how well it finds planted ones, can be told (day 7)."),
        ("Which kinds it would have found.", "a search that finds nothing is only a search (day 7)."),
        right="d",
    ),
)
