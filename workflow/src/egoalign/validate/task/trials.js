"use strict";
// How a trial looks and is answered: one jsPsych plugin for all kinds, and one for screens of text.

const PAUSE_MS = 300; // how long a choice stays marked

const TASKS = {
  choose_utterance: {
    question: "Which of these was said at this moment?",
    intro: "You will see a picture and four sentences. One of them was said at the moment of the " +
      "picture. Choose the one that you think it was. If you are not sure, guess.",
  },
  choose_image: {
    question: "At which of these moments was this said?",
    intro: "You will read a sentence and see four pictures. The sentence was said at the moment of " +
      "one of them. Choose the one that you think it was. If you are not sure, guess.",
  },
  rating: {
    question: "How well does what is said fit what is seen?",
    intro: "You will see a picture and read a sentence. Say how well the sentence fits what is to " +
      "be seen.",
  },
  label: {
    question: "Is what is spoken of in view?",
    intro: "You will see a picture and read a sentence. Say whether what the sentence speaks of is " +
      "to be seen in the picture. If it cannot be said, choose unsure.",
  },
};

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const picture = (source, what) => make("img", { src: source, alt: what, draggable: "false" });
const spoken = (text) => make("blockquote", {}, text);

// The answers that a trial offers: {answer, keys, content} each.
function choices(trial, kind, scale) {
  if (kind === "rating") {
    const ends = { 1: "not at all", [scale]: "fully" };
    return Array.from({ length: scale }, (_, i) => ({
      answer: i + 1, keys: [String(i + 1)], content: ends[i + 1] || "",
    }));
  }
  if (kind === "label") {
    return [["yes", 1], ["no", 0], ["unsure", null]].map(([word, answer], i) => ({
      answer, keys: [String(i + 1), word[0]], content: word,
    }));
  }
  return trial.options.map((option, i) => ({
    answer: i + 1,
    keys: [String(i + 1)],
    content: kind === "choose_image" ? picture(option, `Picture ${i + 1}`) : option,
  }));
}

class TrialPlugin {
  static info = { name: "egoalign-trial", version: "1.0.0", parameters: {}, data: {} };

  constructor(jsPsych) {
    this.jsPsych = jsPsych;
  }

  // `trial.shown` is a trial of a list; `trial.where`, if any, is said above it.
  trial(display, trial) {
    const { shown, kind, scale, where } = trial;
    const offered = choices(shown, kind, scale);
    const buttons = offered.map(({ keys, content }, i) => {
      const button = make("button", { type: "button", "aria-keyshortcuts": keys.join(" ") });
      button.append(make("kbd", {}, keys[0]), content);
      button.addEventListener("click", () => choose(i));
      return button;
    });
    const section = make("section", { class: `trial ${kind}` });
    if (where) section.append(make("p", { class: "where" }, where));
    section.append(make("h1", {}, TASKS[kind].question));
    if (shown.picture) section.append(picture(shown.picture, "The picture"));
    if (shown.text) section.append(spoken(shown.text));
    section.append(make("div", { class: "options" }, ...buttons));
    section.append(make("p", { class: "keys" }, `Click, or press 1 to ${buttons.length}.`));
    if (shown.item) section.dataset.item = shown.item;
    display.replaceChildren(section);
    window.scrollTo(0, 0);
    const started = performance.now();
    const keys = this.jsPsych.pluginAPI.getKeyboardResponse({
      callback_function: ({ key }) => choose(offered.findIndex((one) => one.keys.includes(key))),
      valid_responses: offered.flatMap((one) => one.keys),
      persist: true,
      allow_held_key: false,
    });
    let chosen = false;
    const choose = (i) => {
      if (chosen || i < 0) return;
      chosen = true;
      const rt_ms = Math.round(performance.now() - started);
      this.jsPsych.pluginAPI.cancelKeyboardResponse(keys);
      buttons[i].classList.add("chosen");
      buttons.forEach((button) => { button.disabled = true; });
      const data = { answer: offered[i].answer, rt_ms };
      trial.on_answer(data);
      setTimeout(() => this.jsPsych.finishTrial(data), PAUSE_MS);
    };
  }
}
for (const name of ["shown", "kind", "scale", "where", "on_answer"]) {
  TrialPlugin.info.parameters[name] = { type: jsPsychModule.ParameterType.COMPLEX, default: null };
}
TrialPlugin.info.parameters.on_answer.type = jsPsychModule.ParameterType.FUNCTION;

class ScreenPlugin {
  static info = {
    name: "egoalign-screen",
    version: "1.0.0",
    parameters: {
      title: { type: jsPsychModule.ParameterType.STRING, default: "" },
      lines: { type: jsPsychModule.ParameterType.STRING, array: true, default: [] },
      button: { type: jsPsychModule.ParameterType.STRING, default: "Go on" },
    },
    data: {},
  };

  constructor(jsPsych) {
    this.jsPsych = jsPsych;
  }

  trial(display, trial) {
    const button = make("button", { type: "button", class: "main" }, trial.button);
    button.addEventListener("click", () => this.jsPsych.finishTrial());
    const section = make("section", { class: "screen" }, make("h1", {}, trial.title));
    section.append(...trial.lines.map((line) => make("p", {}, line)), button);
    display.replaceChildren(section);
    button.focus(); // so that Enter and the space bar press it
  }
}
