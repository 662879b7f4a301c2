//! Serializers that are given one object at a time, and those of lists.

use crate::doors::found;

const MODELS: &str = "from django.db import models\n\n\nclass Goat(models.Model):\n    name = models.CharField(max_length=40)\n\n\nclass Note(models.Model):\n    goat = models.ForeignKey(Goat, on_delete=models.CASCADE)\n    body = models.TextField()\n";

const SERIALIZERS: &str = "from rest_framework import serializers\n\nfrom goats.models import Goat, Note\n\n\nclass GoatRow(serializers.ModelSerializer):\n    class Meta:\n        model = Goat\n        fields = ['name']\n\n\nclass GoatRowSerializer(GoatRow):\n    pass\n\n\nclass GoatPageSerializer(serializers.ModelSerializer):\n    last_note = serializers.SerializerMethodField()\n\n    class Meta:\n        model = Goat\n        fields = ['name', 'last_note']\n\n    def get_last_note(self, goat):\n        return Note.objects.filter(goat=goat).order_by('-id').first().body\n";

const HEAD: &str = "from rest_framework import generics, mixins, viewsets\nfrom rest_framework.decorators import action\nfrom rest_framework.response import Response\nfrom rest_framework.views import APIView\n\nfrom goats.models import Goat\nfrom goats.serializers import GoatPageSerializer, GoatRowSerializer\n\n\n";

/// How often the serializer's method is told to ask once for each object of a list, with such views.
fn told(views: &str) -> usize {
    let views = format!("{HEAD}{views}");
    let urls = "from django.urls import path\nfrom rest_framework.routers import DefaultRouter\n\nfrom goats import views\n\nrouter = DefaultRouter()\nrouter.register('goats', views.Goats)\nurlpatterns = [path('one', views.Goats.as_view())] + router.urls\n";
    let all = found(
        "n-plus-one",
        &[
            ("goats/models.py", MODELS),
            ("goats/serializers.py", SERIALIZERS),
            ("goats/views.py", &views),
            ("goats/urls.py", urls),
        ],
    );
    all.iter().filter(|one| one.location.file.ends_with("serializers.py")).count()
}

#[test]
fn what_one_object_is_shown_with_is_read_once() {
    for views in [
        "class Goats(viewsets.ModelViewSet):\n    queryset = Goat.objects.all()\n    by_action = {'list': GoatRowSerializer, 'retrieve': GoatPageSerializer}\n\n    def get_serializer_class(self):\n        try:\n            return self.by_action[self.action]\n        except KeyError:\n            return GoatRowSerializer\n",
        "class Goats(viewsets.ModelViewSet):\n    queryset = Goat.objects.all()\n    serializer_class = GoatRowSerializer\n    by_action = {'retrieve': GoatPageSerializer}\n\n    def get_serializer_class(self):\n        return self.by_action.get(self.action, self.serializer_class)\n",
        "class Goats(viewsets.ModelViewSet):\n    queryset = Goat.objects.all()\n\n    def get_serializer_class(self):\n        if self.action == 'retrieve':\n            return GoatPageSerializer\n        return GoatRowSerializer\n",
        "class Goats(generics.RetrieveAPIView):\n    queryset = Goat.objects.all()\n    serializer_class = GoatPageSerializer\n",
        "class Goats(APIView):\n    def get(self, request, pk):\n        return Response(GoatPageSerializer(Goat.objects.get(pk=pk)).data)\n",
    ] {
        assert_eq!(told(views), 0, "{views}");
    }
}

#[test]
fn what_a_list_is_shown_with_is_read_for_each_object() {
    for views in [
        "class Goats(viewsets.ModelViewSet):\n    queryset = Goat.objects.all()\n    by_action = {'list': GoatPageSerializer, 'retrieve': GoatRowSerializer}\n\n    def get_serializer_class(self):\n        return self.by_action.get(self.action, GoatRowSerializer)\n",
        "class Goats(viewsets.GenericViewSet):\n    queryset = Goat.objects.all()\n    serializer_class = GoatPageSerializer\n\n    @action(detail=False)\n    def young(self, request):\n        return Response(self.get_serializer(self.get_queryset(), many=True).data)\n",
        "class Goats(viewsets.ModelViewSet):\n    queryset = Goat.objects.all()\n    serializer_class = GoatRowSerializer\n    by_action = {'young': GoatPageSerializer}\n\n    def get_serializer_class(self):\n        return self.by_action.get(self.action, GoatRowSerializer)\n\n    @action(detail=False)\n    def young(self, request):\n        return Response(self.get_serializer(self.get_queryset(), many=True).data)\n",
        "class Goats(APIView):\n    def get(self, request):\n        return Response(GoatPageSerializer(Goat.objects.all(), many=True).data)\n",
        "class Goats(APIView):\n    def get(self, request, several):\n        return Response(GoatPageSerializer(Goat.objects.all(), many=several).data)\n",
        "class Goats(APIView):\n    def get(self, request):\n        return Response([GoatPageSerializer(goat).data for goat in Goat.objects.all()])\n",
        "from barns.views import BarnViewSet\n\n\nclass Goats(BarnViewSet):\n    queryset = Goat.objects.all()\n    serializer_class = GoatPageSerializer\n",
    ] {
        assert_eq!(told(views), 1, "{views}");
    }
}
