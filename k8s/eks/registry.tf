# Images. A tag is pushed once and never changes: what was tried in staging is what runs in production.

resource "aws_ecr_repository" "this" {
  for_each             = toset(["prompt2mesh-api", "prompt2mesh-ui", "prompt2mesh-blender"])
  name                 = each.value
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.keep_data

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.data.arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each   = aws_ecr_repository.this
  repository = each.value.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Layers of broken pushes"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 3 }
        action       = { type = "expire" }
      },
      {
        # Roll-back remembers the last 10 releases (scripts/eks); the rest is for those who look back.
        rulePriority = 2
        description  = "All but the newest 50"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 50 }
        action       = { type = "expire" }
      },
    ]
  })
}
