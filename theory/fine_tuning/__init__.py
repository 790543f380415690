"""Fine-tuning: head and features move together.

`flow` states the differential equation and what it conserves, `lorentz` its geometry; `one_id_direction` and
`one_active_unit` solve it exactly where a closed form is known.
"""
