"use strict";
// The course of a task: who is it, which list, instructions, practice, trials, end.

const root = document.getElementById("task");
const asked = new URLSearchParams(location.search);
let takeList;

// study.js calls this with the study's facts, and a file in lists/ calls egoalignList.
function egoalignStudy(study) {
  askName(study);
}

function egoalignList(list) {
  takeList(list);
}

function loadList(slot) {
  return new Promise((resolve, reject) => {
    takeList = resolve;
    const script = make("script", { src: `lists/${slot}.js` });
    script.addEventListener("error", () => reject(new Error(`There is no list ${slot}.`)));
    document.head.append(script);
  });
}

function askName(study) {
  const name = make("input", {
    id: "annotator", required: "", maxlength: "64", pattern: "[A-Za-z0-9][A-Za-z0-9._\\-]*",
    title: "letters, digits, dots, dashes, underscores", autocomplete: "off", autofocus: "",
    spellcheck: "false", value: asked.get("annotator") || asked.get("PROLIFIC_PID") || "",
  });
  const problem = make("p", { class: "problem", role: "alert" });
  const button = make("button", { class: "main" }, "Start");
  const form = make("form", { class: "screen" },
    make("h1", {}, document.title), make("p", {}, "Enter the name or number that you were given. " +
      "If you have begun before, you will go on where you stopped."),
    make("label", { for: "annotator" }, "Your name or number"), name, button, problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      await begin(study, name.value.trim());
    } catch (error) {
      problem.textContent = error.message;
      button.disabled = false;
    }
  });
  root.replaceChildren(form);
}

async function begin(study, annotator) {
  const none = { none: true };
  const given = location.protocol === "file:" ? none : await post("api/start", { annotator });
  if (!given.ok && !given.none) throw new Error(given.error || "The server does not answer.");
  const slot = given.ok ? given.slot : listNumber(study);
  const list = await loadList(slot);
  const answers = new Answers(study.study, annotator, slot, given.ok, showSaved);
  answers.resume(given.answers || []);
  await run(study, list, answers);
  await finish(answers);
}

// Without a server the list is named in the address, by whoever sends it out.
function listNumber(study) {
  const slot = Number(asked.get("list") ?? NaN);
  if (Number.isInteger(slot) && slot >= 0 && slot < study.n_lists) return slot;
  throw new Error(`The address must end in ?list= and a number from 0 to ${study.n_lists - 1}.`);
}

async function run(study, list, answers) {
  const total = list.trials.length;
  const left = list.trials
    .map((shown, trial_no) => ({ shown, trial_no }))
    .filter(({ shown }) => !answers.has(shown.item));
  if (left.length === 0) return;
  const jsPsych = initJsPsych({
    display_element: root,
    show_progress_bar: true,
    auto_update_progress_bar: false,
    message_progress_bar: (done) => `${Math.round(done * total)} of ${total} done`,
  });
  const progress = () => {
    jsPsych.progressBar.progress = list.trials.filter(({ item }) => answers.has(item)).length / total;
  };
  const { kind } = list;
  const trial = ({ shown, trial_no }) => ({
    type: TrialPlugin, shown, kind, scale: study.scale,
    on_start: progress,
    on_answer: ({ answer, rt_ms }) => answers.add({
      trial_no, kind, item_id: shown.item, answer, rt_ms, answered_at: new Date().toISOString(),
    }),
  });
  root.replaceChildren();
  await jsPsych.run([
    {
      type: jsPsychPreload,
      images: picturesOf([...list.practice, ...left.map(({ shown }) => shown)]),
      message: "Loading the pictures",
      error_message: "Some pictures could not be loaded. Please load this page again.",
      on_start: progress,
    },
    ...(left.length < total ? [welcomeBack(total - left.length)] : introduction(study, list)),
    ...left.map(trial),
  ]);
  jsPsych.progressBar.progress = 1;
}

function picturesOf(trials) {
  const isPicture = (option) => option.startsWith("pictures/");
  const all = trials.flatMap(({ picture, options }) => [picture, ...(options || []).filter(isPicture)]);
  return [...new Set(all.filter(Boolean))];
}

const welcomeBack = (done) => ({
  type: ScreenPlugin, title: "Welcome back", button: "Go on",
  lines: [`You have answered ${done} already. You go on where you stopped.`],
});

function introduction(study, { kind, practice, trials }) {
  const lines = [
    TASKS[kind].intro,
    "The pictures come from cameras worn by young children. What is said may have much or little " +
      "to do with what is seen.",
    `There are ${trials.length} of these. You may stop at any time and go on later.`,
  ];
  const screens = [{ type: ScreenPlugin, title: "What to do", lines, button: "Go on" }];
  practice.forEach((shown, i) => {
    let given = null;
    screens.push(
      {
        type: TrialPlugin, shown, kind, scale: study.scale,
        where: `Practice ${i + 1} of ${practice.length}`,
        on_answer: ({ answer }) => { given = answer; },
      },
      {
        type: ScreenPlugin, button: "Go on",
        title: () => (isRight(given, shown.right, kind) ? "That is right." : "Not quite."),
        lines: () => [rightAnswer(shown.right, kind, study.scale)],
      },
    );
  });
  const ready = ["From now on you will not be told whether you are right."];
  screens.push({ type: ScreenPlugin, title: "Now it begins", lines: ready, button: "Begin" });
  return screens;
}

const isRight = (given, right, kind) =>
  given === right || (kind === "rating" && Math.abs(given - right) <= 1);

function rightAnswer(right, kind, scale) {
  if (kind === "rating") return right === scale ? "They fit: a high number is right." : "They do not fit: a low number is right.";
  if (kind === "label") return right === 1 ? "It is in view: yes." : "It is not in view: no.";
  return `The right answer is number ${right}.`;
}

function showSaved(answers) {
  const line = document.getElementById("saved");
  line.hidden = answers.unsent.size === 0 && !answers.problem;
  line.textContent = answers.unsent.size === 0
    ? answers.problem
    : `${answers.problem} ${answers.unsent.size} not saved yet: please keep this page open.`;
}

async function finish(answers) {
  const screen = make("section", { class: "screen end" }, make("h1", {}, "Saving your answers"));
  root.replaceChildren(screen);
  await answers.send();
  const n = Object.keys(answers.byItem).length;
  const said = answers.server
    ? `All ${n} answers are saved. You may close this page.`
    : `Save your ${n} answers as a file, and send it to whoever gave you this page.`;
  screen.replaceChildren(make("h1", {}, "Thank you"), make("p", {}, said));
  const stem = `answers_${answers.slot}_${answers.annotator}`;
  screen.append(
    download("Save as JSON", `${stem}.json`, answers.json(), "application/json"),
    download("Save as CSV", `${stem}.csv`, answers.csv(), "text/csv"),
  );
  screen.dataset.done = n;
}

function download(words, name, text, type) {
  const button = make("button", { type: "button" }, words);
  button.addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob([text], { type }));
    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });
  return button;
}
