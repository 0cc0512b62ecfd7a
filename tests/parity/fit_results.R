# Makes results.json: what lme4 and lmerTest report of some models of gaussian_models.csv besides
# the fit. Run from this folder: Rscript fit_results.R [OUT]
# Means and contrasts are lmerTest's ls_means. R squared and intraclass correlations are computed
# here from lme4's own components by the published formula (Nakagawa & Schielzeth 2013; Johnson
# 2014), not by the package performance.
suppressMessages(library(lmerTest))
invisible(Sys.setlocale("LC_COLLATE", "C"))
out <- c(commandArgs(trailingOnly = TRUE), "results.json")[1]
models <- read.csv("gaussian_models.csv", stringsAsFactors = FALSE)
wanted <- c(
  "nested", "nested_ml", "three_way", "slope", "three_columns", "no_intercept", "interaction",
  "interaction_of_number", "unbalanced_ml", "words", "no_variance", "nearly_perfect"
)
left_out_of <- c("slope", "interaction", "words")

control <- lmerControl(
  optimizer = "bobyqa", calc.derivs = TRUE,
  optCtrl = list(rhobeg = 2e-1, rhoend = 1e-9, maxfun = 1e5)
)

numbers <- function(x) {
  text <- sprintf("%.15g", as.numeric(x))
  paste0("[", paste(ifelse(is.na(x), "null", text), collapse = ", "), "]")
}
quoted <- function(x) paste0("\"", x, "\"")
object <- function(names, values) {
  paste0("{", paste0(quoted(names), ": ", values, collapse = ",\n   "), "}")
}
# Rows of a table of numbers, each with its name.
rows <- function(table) {
  if (is.null(table) || nrow(table) == 0) return("{}")
  object(rownames(table), apply(as.matrix(table), 1, numbers))
}

# Begun anew from the optimum found until the criterion falls by less than 1e-10, as fit_gaussian.R;
# the call stays the first one, since ranova and ls_means evaluate it again.
fitted_to <- function(formula, data, reml) {
  fit <- lmer(formula, data, REML = reml, control = control)
  call <- fit@call
  repeat {
    before <- logLik(fit)
    fit <- lmer(formula, data, REML = reml, control = control, start = getME(fit, "theta"))
    if (2 * as.numeric(logLik(fit) - before) < 1e-10) break
  }
  fit@call <- call
  fit
}

# Fixed effects: estimate, SE, df, t, p.
of_effects <- function(fit) rows(coef(summary(fit)))

# Type III F tests of terms, in the treatment contrasts of the fit.
of_terms <- function(fit) {
  found <- as.matrix(as.data.frame(anova(fit, type = 3)))
  rows(found[, c("NumDF", "DenDF", "F value", "Pr(>F)"), drop = FALSE])
}

# Means and differences of the levels of factors that stand alone: estimate, SE, df, interval, p,
# and p by Holm's method over a factor's rows.
of_levels <- function(fit, pairwise) {
  if (!length(attr(model.matrix(fit), "contrasts"))) return("{}") # ls_means fails without a factor
  found <- as.data.frame(ls_means(fit, pairwise = pairwise))
  columns <- c("Estimate", "Std. Error", "df", "lower", "upper", "Pr(>|t|)")
  found <- found[!grepl(":", found$term), ]
  if (nrow(found) == 0) return("{}")
  holm <- ave(found[["Pr(>|t|)"]], found$term, FUN = function(p) p.adjust(p, "holm"))
  table <- cbind(as.matrix(found[, columns]), holm)
  rownames(table) <- paste(found$term, found$levels, sep = "|")
  rows(table)
}

# Likelihood-ratio tests of fixed terms, of refits by maximum likelihood: chi squared, df, p.
of_fixed <- function(fit, formula, data) {
  whole <- fitted_to(formula, data, FALSE)
  fixed <- attr(terms(lme4::nobars(formula)), "term.labels")
  inside <- sapply(fixed, function(a) any(sapply(setdiff(fixed, a), function(b)
    all(strsplit(a, ":")[[1]] %in% strsplit(b, ":")[[1]]))))
  tests <- t(sapply(fixed[!inside], function(term) {
    less <- fitted_to(update(formula, paste(". ~ . -", term)), data, FALSE)
    found <- anova(less, whole, refit = FALSE)
    c(found$Chisq[2], found$Df[2], found$`Pr(>Chisq)`[2],
      AIC(less) - AIC(whole), BIC(less) - BIC(whole))
  }))
  rows(tests)
}

# Likelihood-ratio tests of random terms. Of (0 + x | g) ranova leaves (1 | g), which is no smaller
# model (its difference in parameters is 0); there, the model without the term.
of_random <- function(fit, formula, data) {
  found <- as.data.frame(ranova(fit))[-1, c("LRT", "Df", "Pr(>Chisq)")]
  if (nrow(found) == 1 && found$Df == 0) {
    less <- lm(lme4::nobars(formula), data)
    lrt <- 2 * as.numeric(logLik(fit) - logLik(less, REML = isREML(fit)))
    found[1, ] <- c(lrt, 1, pchisq(lrt, 1, lower.tail = FALSE))
    rownames(found) <- paste0("(", deparse(lme4::findbars(formula)[[1]]), ")")
  }
  rows(found)
}

# Variances: of what the fixed effects predict, mean over the rows of each random term's, residual.
# z' Sigma z row by row, with the model matrix of the term's own formula.
variances_of <- function(fit, data) {
  components <- VarCorr(fit)
  bars <- lme4::findbars(formula(fit))
  of_terms <- sapply(names(components), function(group) {
    same <- sapply(bars, function(bar) setequal(strsplit(deparse(bar[[3]]), ":")[[1]],
                                                strsplit(group, ":")[[1]]))
    z <- model.matrix(as.formula(paste("~", deparse(bars[[which(same)]][[2]]))), data)
    sigma <- as.matrix(components[[group]])
    mean(apply(z, 1, function(row) drop(row %*% sigma %*% row)))
  })
  c(fixed = var(predict(fit, re.form = NA)), of_terms, residual = sigma(fit)^2)
}

# R squared, marginal and conditional, and each term's share of what the fixed effects leave.
of_shares <- function(variances) {
  random <- variances[-c(1, length(variances))]
  object(c("r2", "icc"), c(
    numbers(c(variances[1], variances[1] + sum(random)) / sum(variances)),
    object(names(random), sapply(random / sum(variances[-1]), numbers))
  ))
}

# Change of each fixed effect in standard errors when a child is left out.
of_children <- function(fit, formula, data, reml) {
  se <- sqrt(diag(as.matrix(vcov(fit))))
  children <- sort(unique(as.character(data$child_id)))
  changes <- t(sapply(children, function(child) {
    less <- fitted_to(formula, droplevels(data[data$child_id != child, ]), reml)
    (fixef(less) - fixef(fit)) / se
  }))
  rows(changes)
}

one <- function(name) {
  model <- models[models$name == name, ]
  # ls_means evaluates the call again in the global environment.
  path <- paste0("gaussian_", model$table, ".csv")
  assign("data", read.csv(path, stringsAsFactors = TRUE), envir = globalenv())
  reml <- model$reml == "true"
  formula <- as.formula(model$formula)
  fit <- fitted_to(formula, data, reml)
  residuals <- quantile(residuals(fit) / sigma(fit), c(0, .25, .5, .75, 1))
  cat(name, "\n")
  variances <- variances_of(fit, data)
  object(
    c("aic", "bic", "residuals", "effects", "tests", "means", "contrasts", "fixed", "random",
      "variance", "shares", "children"),
    c(sprintf("%.15g", AIC(fit)), sprintf("%.15g", BIC(fit)), numbers(residuals),
      of_effects(fit), of_terms(fit), of_levels(fit, FALSE), of_levels(fit, TRUE),
      of_fixed(fit, formula, data), of_random(fit, formula, data),
      object(names(variances), sapply(variances, numbers)), of_shares(variances),
      if (name %in% left_out_of) of_children(fit, formula, data, reml) else "{}")
  )
}

versions <- c(R.version.string, paste("lme4", packageVersion("lme4")),
              paste("lmerTest", packageVersion("lmerTest")))
fits <- object(wanted, sapply(wanted, one))
versions <- paste(quoted(versions), collapse = ", ")
writeLines(paste0("{\"versions\": [", versions, "],\n\"fits\": ", fits, "}"), out)
