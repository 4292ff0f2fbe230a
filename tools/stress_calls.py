"""A good call of what no docstring's example calls, for `tools/stress_inputs.py`.

By label of a class (its methods are all called) or of a function: lines that run with the names of its module.
"""

HUB = 'files = HubFiles("a model", "owner/name", ("model.safetensors",), 1.0)\n'
DRAWN = "some = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))\n"

CALLS = {
    "base.HubFiles": HUB + "files.find()\nfiles.remove_damaged()",
    "base.Processes": """
alone, rows = Processes(), torch.ones(4, 2)
alone.sum_([rows]); alone.any(rows > 0); alone.from_first_([rows]); alone.check_same(rows); alone.wait()
""",
    "base.WheelFile": 'WheelFile("torch", "2.0", 64 * "0", "torch/version.py", 10, 1.0)',
    "base.frees_memory": "frees_memory(len)([])",
    "base.require_choice": 'require_choice("how", "max", ["max", "mean"])',
    "base.require_index": 'require_index("layer", 1, 4, "layers")',
    "base.packed": "packed(torch.eye(2, dtype=torch.bfloat16))",
    "base.packed_linear": """
W = torch.eye(2, dtype=torch.bfloat16)
packed_linear(torch.ones(1, 2, dtype=torch.bfloat16), packed(W), None)
""",
    "capstone.ProjectScore": "from course_utils.capstone.points import PROJECTS\nProjectScore(PROJECTS[0])",
    "capstone.Judgement": """
from course_utils.capstone.points import PROJECTS
Judgement("a.ipynb", (ProjectScore(PROJECTS[0]),)).lines()
""",
    "circuits.AttributionGraph": """
nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)
graph = AttributionGraph(
    ("x",), "y", nodes, torch.tensor([[4.0, 0.0]]), torch.tensor([1]), torch.ones(1), torch.tensor([5.0])
)
graph.are("answer")
""",
    "circuits.check_node_numbers": """
nodes = Node("embedding", -1, 0, None, 2.0), Node("answer", 1, 0, None, 5.0)
graph = AttributionGraph(
    ("x",), "y", nodes, torch.tensor([[4.0, 0.0]]), torch.tensor([1]), torch.ones(1), torch.tensor([5.0])
)
check_node_numbers(graph, [0])
""",
    "desk.CodedSAE": "coded = CodedSAE(SAE(4, 8), 4)\ncoded.encode(torch.ones(3, 4))",
    "exercises.Answer": 'Answer(1.0, ("a hint", "another"), {"a slip": 2.0}).otherwise(3.0)',
    "exercises.Exercise": """
Exercise(lambda x: x, lambda seed=0: [(1,), (2,)], ("a hint", "another"), {"a slip": lambda x: -x})
""",
    "exercises.Option": 'Option("yes", "because", True)',
    "exercises.Single": 'Single("Is it?", (Option("yes", "because", True), Option("no", "it is")))',
    "exercises.Multiple": 'Multiple("Which?", (Option("this", "because", True), Option("that", "no")))',
    "exercises.Numeric": 'Numeric("How many?", 2.0, 0.0, "they are two", {3.0: "one too many"})',
    "exercises.Ordering": 'Ordering("In order?", (Option("a", "first"), Option("b", "second")), (1, 0))',
    "exercises.Quiz": 'Quiz((Numeric("How many?", 2.0, 0.0, "they are two"),))',
    "exercises.Verdict": 'Verdict("wrong", "a sentence", ("a detail",))',
    "grade.ExerciseOutcome": 'ExerciseOutcome("wrong", 2, ("a slip",))',
    "grade.HandIn": 'HandIn("anna", Path("anna.ipynb"), None)',
    "grade.Result": 'Result("anna", "ran", {"day_6.fvu": ExerciseOutcome("correct", 1)})',
    "interventions.Units": """
units = Units("blocks.2.hook_resid_post", torch.eye(3)[:2], lambda x: x[..., :2])
units.write(torch.ones(5, 3), torch.ones(5, 2), torch.zeros(5, 2))
""",
    "lm.Activations": """
rows = Activations(torch.arange(10.0).view(5, 2), torch.tensor([[0, 1], [0, 2], [1, 1], [1, 2], [2, 1]]))
rows.of_first(1)
""",
    "lm.ActivationStore": """
rows = Activations(torch.arange(10.0).view(5, 2), torch.tensor([[0, n] for n in range(1, 6)]))
store = write_activations("store", [rows])
ActivationStore(store.folder, store.shards, store.d_in, store.metadata, 2)
list(store.pieces()); store.rows_at(torch.tensor([4]))
store.read(next(iter(store.pieces()))); store.shuffled(seed=0)
""",
    "lm.Tokens": """
tokens = Tokens(torch.tensor([[0, 5, 6], [0, 7, 0]]), torch.tensor([3, 2]), lambda ids: [str(i) for i in ids])
tokens.strings(0); tokens.select(torch.tensor([1])); list(tokens.batches(1))
""",
    "reading.ByText": """
from course_utils.sae import neuron_basis
rows = Activations(torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]]), torch.tensor([[0, 1], [0, 2], [1, 1]]))
found = by_text(neuron_basis(2), rows, n_texts=2)
found.l0(torch.ones(3, 2)); found.fvu(torch.ones(3, 2))
""",
    "reading.ConceptScores": """
ConceptScores(*(torch.rand(5, 2, generator=torch.Generator().manual_seed(0)) for _ in range(5))).of_chosen()
""",
    "reading.Family": """
found = family(small=torch.eye(2), large=torch.tensor([[2.0, 0.0], [1.0, 0.5], [0.0, 3.0]]))
found.children(0); found.n_children(2)
""",
    "reading.Firings": """
firings = Firings(torch.tensor([0, 2, 1]), torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0, 2, 3]), 4)
firings.of(0); firings.column(1)
""",
    "reading.RatingGame": """
game = RatingGame(["latent", "neuron"])
game.rate(0, 4); game.rating(0); game.kind(0); game.by_kind()
""",
    "reading.WordJudge": """
texts = ["a whale sings", "the whale dives", "a king sings", "the king dines"]
judge = fit_judge(texts, ["sea", "sea", "court", "court"])
WordJudge(judge.concepts, judge.vocabulary, judge.log_odds)
judge.scores(texts); judge.verdicts(texts); judge.rate(texts, "sea"); judge.telling_words("sea", 2)
""",
    "sae.SAE": DRAWN
    + """
sae = SAE(8, 32, "batchtopk", k=4)
sae.split(some); sae.centre_on_(some); sae.decode(sae.encode(some)); sae.forward(some); sae.extra_repr()
sae.unit_norm_decoder_(); sae.absorb_decoder_norms_(); sae.fold_scale_(2.0); sae.fold_dimensions_(torch.ones(8))
sae.follow_threshold_(sae.encode(some), 0.02)
""",
    "sae.Transcoder": """
pairs = torch.randn(16, 14, generator=torch.Generator().manual_seed(0))
transcoder = Transcoder(8, 32, "batchtopk", d_out=6, k=4, skip=True)
x, y = transcoder.split(pairs)
transcoder.centre_on_(pairs); transcoder.decode(transcoder.encode(x), x); transcoder.past(x)
transcoder.extra_repr(); transcoder.fold_dimensions_(torch.ones(14))
""",
    "training.FastStep": """
sae, x = SAE(8, 32, "topk", k=4), torch.ones(10, 8)
step = FastStep(sae).open()
step(x); step.output(x); step.backward(); step.load_state_dict(step.state_dict())
""",
    "training.Revival": """
sae, x = SAE(8, 32, "topk", k=4), torch.ones(10, 8)
Revival().of(sae).loss(sae, x, sae(x).x_hat, torch.ones(32, dtype=torch.bool))
""",
    "widgets.Panel": """
panel = Panel(lambda n: f"<b>{n * n}</b>", title="Squares", n=w.IntSlider(3, 0, 9))
panel.shown_at(n=5)
""",
    "worlds.FeatureWorld": """
world = FeatureWorld(n_features=64, d=16, active=3, families=4)
list(world.batches(2, 10, seed=0))
""",
    "worlds.ModularTransformer": """
model = ModularTransformer(5, d_model=16, d_mlp=8)
model.read(all_pairs(5)); model.forward(all_pairs(5))
""",
    "worlds.ToyModels": """
models = fit_toy_models(3, 2, sparsity=[0.5, 0.9], steps=2, progress=False)
models.read(torch.ones(2, 4, 2)); models.loss(10); models.pick([1]); models.part(slice(1))
""",
    "worlds.VisionNetwork": """
network = VisionNetwork(d_units=6)
network.forward(torch.zeros(2, 1, 28, 28)); network.as_matrices()
""",
}
