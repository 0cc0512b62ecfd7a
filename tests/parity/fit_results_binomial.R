# Makes results_binomial.json: what lme4's glmer (Laplace) reports of some logistic models besides
# the fit. Run from this folder: Rscript fit_results_binomial.R [OUT]
# Marginal means, their differences and type III tests are computed here from glmer's estimates and
# their covariance by the published formulas (Searle, Speed & Milliken 1980; delta method), not by
# the packages emmeans and car; R squared and intraclass correlations on the latent scale from its
# components (Nakagawa & Schielzeth 2013; Johnson 2014), not by the package performance.
suppressMessages(library(lme4))
invisible(Sys.setlocale("LC_COLLATE", "C"))
out <- c(commandArgs(trailingOnly = TRUE), "results_binomial.json")[1]

# Each with the formulas that leave out one term: fixed, or random as our tests name them.
models <- list(
  slope = list(
    table = "binomial_slope", formula = aligned ~ age + speaker + (1 + age | child_id),
    without = list(
      "age" = aligned ~ speaker + (1 + age | child_id),
      "speaker" = aligned ~ age + (1 + age | child_id),
      "age in (1 + age | child_id)" = aligned ~ age + speaker + (1 | child_id)
    )
  ),
  crossed = list(
    table = "binomial_crossed",
    formula = aligned ~ age + concreteness + (1 | child_id) + (1 | lemma),
    without = list(
      "age" = aligned ~ concreteness + (1 | child_id) + (1 | lemma),
      "concreteness" = aligned ~ age + (1 | child_id) + (1 | lemma),
      "(1 | child_id)" = aligned ~ age + concreteness + (1 | lemma),
      "(1 | lemma)" = aligned ~ age + concreteness + (1 | child_id)
    )
  ),
  of_number = list(
    table = "binomial_slope", formula = aligned ~ age * speaker + (1 | child_id),
    without = list(
      "age:speaker" = aligned ~ age + speaker + (1 | child_id),
      "(1 | child_id)" = aligned ~ age * speaker
    )
  ),
  # aligned is made: the score is above 0.5.
  of_factors = list(
    table = "gaussian_slopes",
    formula = aligned ~ speaker * activity + age_within + (1 | child_id),
    without = list(
      "speaker:activity" = aligned ~ speaker + activity + age_within + (1 | child_id),
      "age_within" = aligned ~ speaker * activity + (1 | child_id),
      "(1 | child_id)" = aligned ~ speaker * activity + age_within
    )
  )
)
left_out_of <- "crossed"

# As fit_binomial.R: modes to 1e-13, a trust region to 2e-8, begun anew from the optimum found.
control <- glmerControl(
  optimizer = "bobyqa", tolPwrss = 1e-13,
  optCtrl = list(rhobeg = 2e-1, rhoend = 2e-8, maxfun = 1e5)
)

numbers <- function(x) paste0("[", paste(sprintf("%.15g", as.numeric(x)), collapse = ", "), "]")
quoted <- function(x) paste0("\"", x, "\"")
object <- function(names, values) {
  if (!length(names)) return("{}")
  paste0("{", paste0(quoted(names), ": ", values, collapse = ",\n   "), "}")
}
rows <- function(table) object(rownames(table), apply(as.matrix(table), 1, numbers))

fitted_to <- function(formula, data, contrasts = NULL) {
  fit <- glmer(formula, data, family = binomial, control = control, contrasts = contrasts)
  repeat {
    before <- logLik(fit)
    fit <- glmer(formula, data, family = binomial, control = control, contrasts = contrasts,
                 start = list(theta = getME(fit, "theta"), fixef = fixef(fit)))
    if (2 * as.numeric(logLik(fit) - before) < 1e-9) return(fit)
  }
}
covariance_of <- function(fit) as.matrix(vcov(fit, use.hessian = TRUE))
factors_of <- function(fit) names(attr(model.matrix(fit), "contrasts"))

# Rows of the design that are each level's mean: over all cells of the other factors, numbers at
# their means.
grid_of <- function(fit, data, factor) {
  fixed <- delete.response(terms(nobars(formula(fit))))
  names <- all.vars(fixed)
  cells <- do.call(expand.grid, lapply(setNames(names, names), function(name) {
    values <- data[[name]]
    if (is.factor(values)) factor(levels(values), levels(values)) else mean(values)
  }))
  design <- model.matrix(fixed, cells)
  t(sapply(levels(data[[factor]]), function(level) {
    colMeans(design[cells[[factor]] == level, , drop = FALSE])
  }))
}

# Estimate, SE, bounds and p of each row, of estimates with gradients in the fixed effects.
wald <- function(estimate, gradients, covariance) {
  se <- sqrt(diag(gradients %*% covariance %*% t(gradients)))
  cbind(estimate, se, estimate - qnorm(.975) * se, estimate + qnorm(.975) * se,
        2 * pnorm(-abs(estimate / se)))
}

# Means and differences of one factor's levels, on the logit and as probabilities.
levels_of <- function(fit, data, factor) {
  design <- grid_of(fit, data, factor)
  covariance <- covariance_of(fit)
  logit <- drop(design %*% fixef(fit))
  slopes <- dlogis(logit) * design
  means <- wald(logit, design, covariance)
  se <- wald(logit, slopes, covariance)[, 2]
  probabilities <- cbind(plogis(logit), se, plogis(means[, 3:4]), means[, 5])
  pairs <- combn(nrow(design), 2)
  a <- pairs[1, ]
  b <- pairs[2, ]
  less <- function(rows) rows[a, , drop = FALSE] - rows[b, , drop = FALSE]
  of_pairs <- list(
    logit = wald(logit[a] - logit[b], less(design), covariance),
    probability = wald(plogis(logit[a]) - plogis(logit[b]), less(slopes), covariance)
  )
  named <- function(table, names, scale) {
    rownames(table) <- paste(factor, names, scale, sep = "|")
    table
  }
  names <- rownames(design)
  list(
    means = rbind(
      named(means, names, "logit"), named(probabilities, names, "probability")
    ),
    contrasts = do.call(rbind, lapply(names(of_pairs), function(scale) {
      table <- of_pairs[[scale]]
      named(cbind(table, p.adjust(table[, 5], "holm")), paste(names[a], "-", names[b]), scale)
    }))
  )
}

# Wald tests of terms in a refit with sum contrasts: chi squared, df, p.
of_terms <- function(model, data, factors) {
  sums <- if (length(factors)) setNames(rep(list("contr.sum"), length(factors)), factors)
  fit <- fitted_to(model$formula, data, sums)
  terms <- attr(terms(nobars(model$formula)), "term.labels")
  at <- attr(model.matrix(fit), "assign")
  tests <- t(sapply(seq_along(terms), function(i) {
    own <- at == i
    chi <- drop(fixef(fit)[own] %*% solve(covariance_of(fit)[own, own], fixef(fit)[own]))
    c(chi, sum(own), pchisq(chi, sum(own), lower.tail = FALSE))
  }))
  rownames(tests) <- terms
  rows(tests)
}

of_ratios <- function(fit, model, data) {
  rows(t(sapply(model$without, function(formula) {
    mixed <- length(findbars(formula)) > 0
    less <- if (mixed) fitted_to(formula, data) else glm(formula, binomial, data)
    found <- anova(fit, less) # orders them by their parameters
    c(found$Chisq[2], found$Df[2], found$`Pr(>Chisq)`[2],
      AIC(less) - AIC(fit), BIC(less) - BIC(fit))
  })))
}

# Variances: of what the fixed effects predict, mean over the rows of each random term's z' Sigma z,
# and the logistic distribution's.
variances_of <- function(fit, data) {
  components <- VarCorr(fit)
  random <- sapply(names(components), function(group) {
    sigma <- as.matrix(components[[group]])
    z <- model.matrix(reformulate(c("1", setdiff(colnames(sigma), "(Intercept)"))), data)
    mean(apply(z, 1, function(row) drop(row %*% sigma %*% row)))
  })
  c(fixed = var(drop(model.matrix(fit) %*% fixef(fit))), random, residual = pi^2 / 3)
}

of_children <- function(fit, model, data) {
  se <- sqrt(diag(covariance_of(fit)))
  children <- sort(unique(as.character(data$child_id)))
  rows(t(sapply(children, function(child) {
    less <- fitted_to(model$formula, droplevels(data[data$child_id != child, ]))
    (fixef(less) - fixef(fit)) / se
  })))
}

one <- function(name) {
  model <- models[[name]]
  data <- read.csv(paste0(model$table, ".csv"), stringsAsFactors = TRUE)
  if (is.null(data$aligned)) data$aligned <- as.integer(data$score > 0.5)
  fit <- fitted_to(model$formula, data)
  variances <- variances_of(fit, data)
  random <- variances[-c(1, length(variances))]
  levels <- lapply(factors_of(fit), function(factor) levels_of(fit, data, factor))
  estimates <- fixef(fit)
  se <- sqrt(diag(covariance_of(fit)))
  effects <- cbind(estimates, se, estimates / se, 2 * pnorm(-abs(estimates / se)))
  together <- function(part) {
    if (length(levels)) rows(do.call(rbind, lapply(levels, `[[`, part))) else "{}"
  }
  cat(name, "\n")
  object(
    c("table", "formula", "aic", "bic", "residuals", "effects", "tests", "means", "contrasts",
      "ratios", "variance", "r2", "icc", "children"),
    c(quoted(model$table),
      quoted(gsub(" +", " ", paste(deparse(model$formula), collapse = ""))),
      sprintf("%.15g", AIC(fit)), sprintf("%.15g", BIC(fit)),
      numbers(quantile(residuals(fit, type = "pearson"), c(0, .25, .5, .75, 1))),
      rows(effects), of_terms(model, data, factors_of(fit)),
      together("means"), together("contrasts"),
      of_ratios(fit, model, data),
      object(names(variances), sapply(variances, numbers)),
      numbers(c(variances[1], variances[1] + sum(random)) / sum(variances)),
      object(names(random), sapply(random / sum(variances[-1]), numbers)),
      if (name %in% left_out_of) of_children(fit, model, data) else "{}")
  )
}

versions <- c(R.version.string, paste("lme4", packageVersion("lme4")))
fits <- object(names(models), sapply(names(models), one))
versions <- paste(quoted(versions), collapse = ", ")
writeLines(paste0("{\"versions\": [", versions, "],\n\"fits\": ", fits, "}"), out)
